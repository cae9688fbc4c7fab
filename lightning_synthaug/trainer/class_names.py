"""Classes that a configuration names: short names written out, names of arguments checked.

What jsonargparse would refuse in twenty lines, or would not find, is refused here in one: the place in the
configuration, the value, what is allowed.
"""

from __future__ import annotations

import difflib
import inspect
import pkgutil
from collections.abc import Iterable, Mapping
from typing import Any, Final

from lightning_synthaug import generators, plan
from lightning_synthaug.errors import ConfigError
from lightning_synthaug.generators import gates, registry
from lightning_synthaug.generators.gates import embeddings
from lightning_synthaug.generators.gates import registry as gate_registry

__all__ = ["known_names", "refuse_unknown", "require", "write_out"]

_KEYS: Final = ("class_path", "init_args", "dict_kwargs")
#: Where the package's own classes of each kind are imported from.
_OWN: Final[tuple[tuple[Any, type, str], ...]] = (
    (plan, plan.Schedule, "lightning_synthaug"),
    (generators, generators.Generator, "lightning_synthaug"),
    (gates, gates.Gate, gates.__name__),
    (embeddings, embeddings.Embedding, embeddings.__name__),
)
#: What has names by entry points.
_REGISTRIES: Final = (registry.REGISTRY, gate_registry.REGISTRY)
_ANY: Final = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}


def known_names() -> dict[str, str]:
    """List what can be named without its module.

    Returns:
        Import path by short name: schedules, generators, gates and embeddings; generators and gates by the name of
        their entry point.

    Example:
        >>> known_names()["Linear"], known_names()["ValidImage"]
        ('lightning_synthaug.Linear', 'lightning_synthaug.generators.gates.ValidImage')
    """
    own = {
        name: f"{home}.{name}"
        for module, base, home in _OWN
        for name, kind in sorted(vars(module).items())
        if inspect.isclass(kind) and issubclass(kind, base) and not inspect.isabstract(kind)
    }
    plugins = {
        one.name: one.target.replace(":", ".")
        for names in reversed(_REGISTRIES)  # a generator's name counts more than a gate's
        for one in names.registrations()
    }
    return own | plugins


def write_out(value: Any, place: str, where: str) -> Any:
    """Write short names out as import paths, and check the names of arguments, at any depth.

    Args:
        value: A part of a configuration.
        place: Where it stands, as `source.faces`.
        where: What the configuration is called in messages.

    Returns:
        A copy with full import paths. Names that only jsonargparse can know, those of subclasses imported by the
        user's code, stay as they are.

    Raises:
        ConfigError: A class cannot be imported, or does not take an argument (SA720).
    """
    if isinstance(value, list):
        return [write_out(one, f"{place}[{i}]", where) for i, one in enumerate(value)]
    if not isinstance(value, Mapping):
        return value
    inside = {k: write_out(v, _below(place, k), where) for k, v in value.items()}
    if "class_path" not in value:
        return inside
    refuse_unknown(value, _KEYS, place, where)
    name = inside["class_path"]
    names = [r for r in _REGISTRIES if name in {one.name for one in r.registrations()}]
    if names:
        kind: type = names[0].get(name)  # refuses names that are blocked or claimed twice
        inside["class_path"] = f"{kind.__module__}.{kind.__qualname__}"
    else:
        inside["class_path"] = known_names().get(name, name)
    if isinstance(name, str) and "." in inside["class_path"]:
        _check_arguments(inside, place, where)
    return inside


def refuse_unknown(
    given: Iterable[Any], allowed: Iterable[str], place: str, where: str, what: str = "keys"
) -> None:
    """Refuse keys that mean nothing, and guess what was meant.

    Args:
        given: The keys.
        allowed: Those that mean something.
        place: Where they stand; empty at the top.
        where: What the configuration is called in messages.
        what: What the allowed ones are.

    Raises:
        ConfigError: One is not allowed (SA720).
    """
    known = list(allowed)
    for key in given:
        if key not in known:
            close = difflib.get_close_matches(str(key), known, n=1)
            meant = f" Did you mean {close[0]!r}?" if close else ""
            raise ConfigError(
                "SA720",
                f"`{_below(place, key)}` in {where} must be one of the {what} {', '.join(known)}, got {key!r}."
                f"{meant} Correct it or leave it out.",
            )


def _check_arguments(given: Mapping[str, Any], place: str, where: str) -> None:
    """Import what is named and compare the names of its arguments."""
    name = given["class_path"]
    try:
        target = pkgutil.resolve_name(name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(
            "SA720",
            f"`{place}.class_path` in {where} must name what can be imported, got {name!r} ({error}). Write "
            f"package.module.Name, or one of the short names {', '.join(known_names())}.",
        ) from error
    try:
        parameters = list(inspect.signature(target).parameters.values())
    except (TypeError, ValueError):
        return
    arguments = given.get("init_args") or {}
    if not isinstance(arguments, Mapping) or {p.kind for p in parameters} & _ANY:
        return
    refuse_unknown(
        arguments, [p.name for p in parameters], place, where, f"arguments of {target.__name__}:"
    )
    require(arguments, parameters, place, where)


def require(
    given: Mapping[str, Any], parameters: Iterable[inspect.Parameter], place: str, where: str
) -> None:
    """Refuse a configuration in which an argument without a default is missing or empty.

    Args:
        given: The arguments given.
        parameters: All arguments.
        place: Where they stand; empty at the top.
        where: What the configuration is called in messages.

    Raises:
        ConfigError: One is missing (SA720).
    """
    for parameter in parameters:
        missing = parameter.default is parameter.empty and given.get(parameter.name) is None
        if missing and parameter.kind not in _ANY:
            raise ConfigError(
                "SA720",
                f"`{_below(place, parameter.name)}` in {where} must be given, got only {sorted(given)}. Add it "
                f"({parameter.annotation}).",
            )


def _below(place: str, key: Any) -> str:
    """Write the place of a key; `init_args` is left out, as in flags."""
    if key in _KEYS[1:] and place:
        return place
    return f"{place}.{key}" if place else str(key)
