"""Generators by name: built-in ones, and those that other distributions bring along as entry points.

A plugin is a distribution with an entry point in the group `lightning_synthaug.generators`, name to
class. Entry points are listed without importing them; a class is imported, and checked, when its
name is asked for. So a broken plugin disturbs nobody who does not use it, and its errors name the
distribution to blame.
"""

from __future__ import annotations

import difflib
import inspect
import re
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any, NoReturn, final

from lightning_synthaug.errors import ConfigError, GeneratorError, GeneratorNotFound
from lightning_synthaug.generators.base import Generator

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "GROUP",
    "Registration",
    "block",
    "create",
    "get",
    "register",
    "registrations",
    "unregister",
]

GROUP = "lightning_synthaug.generators"
"""Entry-point group of generator plugins."""

_NAME = re.compile(r"[a-z][a-z0-9_.-]*")


@final
@dataclass(frozen=True, slots=True)
class Registration:
    """One name and what stands behind it.

    Attributes:
        name: Name to ask for.
        target: Import path of the class.
        distribution: Name and version of the distribution that brought it, or what registered it.
        blocked: Whether it was blocked.
    """

    name: str
    target: str
    distribution: str
    blocked: bool = False


_registered: dict[str, type[Generator]] = {}
_blocked: set[str] = set()


def register(name: str, generator: type[Generator]) -> None:
    """Make a generator known under a name, in this process.

    Args:
        name: Lower-case letters, digits, dots, dashes and underscores; a letter first.
        generator: A concrete subclass of `Generator`.

    Raises:
        ConfigError: The name has another form.
        GeneratorError: The name is taken by another class, or the class cannot be a generator.
    """
    if not _NAME.fullmatch(name):
        message = (
            "A generator's name must be lower-case letters, digits, '.', '-' and '_', a letter "
            f"first, got {name!r}. "
            "Choose another name."
        )
        raise ConfigError("SA402", message)
    _check(name, generator, f"register() by {_module(generator)}")
    taken = _registered.get(name)
    if taken is not None and taken is not generator:
        _taken(name, [_path(taken), _path(generator)])
    if taken is None and _entry_points(name):
        _taken(name, [*map(_distribution, _entry_points(name)), _path(generator)])
    _registered[name] = generator


def unregister(name: str) -> None:
    """Forget what `register` made known; entry points stay.

    Args:
        name: The name.

    Raises:
        GeneratorNotFound: Nothing was registered under it.
    """
    if name not in _registered:
        _not_found(name)
    del _registered[name]


def block(name: str, *, blocked: bool = True) -> None:
    """Refuse a name from now on, for example of a plugin that is broken or not trusted.

    Args:
        name: The name; it need not be installed.
        blocked: False allows it again.
    """
    if blocked:
        _blocked.add(name)
    else:
        _blocked.discard(name)


def get(name: str) -> type[Generator]:
    """Find, import and check the class behind a name.

    Args:
        name: As registered or as an entry point.

    Returns:
        The class.

    Raises:
        GeneratorNotFound: No generator has this name, or it is blocked.
        GeneratorError: Two distributions claim the name, or the plugin cannot be imported, or is no
            generator.
    """
    if name in _blocked:
        message = (
            f'Generator "{name}" must not be blocked to be used, got a block on it. '
            f'Call block("{name}", blocked=False).'
        )
        raise GeneratorNotFound("SA404", message)
    if name in _registered:
        return _registered[name]
    found = _entry_points(name)
    if not found:
        _not_found(name)
    if len(found) > 1:
        _taken(name, [_distribution(entry) for entry in found])
    return _import(found[0])


def create(name: str, **arguments: Any) -> Generator:
    """Make a generator by its name.

    Args:
        name: As registered or as an entry point.
        **arguments: Arguments of its constructor.

    Returns:
        The generator, not loaded yet.

    Raises:
        GeneratorNotFound: No generator has this name, or it is blocked.
        GeneratorError: The plugin behind it is broken.
        ConfigError: The constructor does not take these arguments.

    Example:
        >>> create("folder", folder="faces").name
        'faces'
    """
    generator = get(name)
    signature = inspect.signature(generator)
    try:
        signature.bind(**arguments)
    except TypeError as error:
        message = (
            f'Generator "{name}" must be given the arguments of {generator.__name__}{signature}, '
            f"got {sorted(arguments)} ({error}). Correct the names."
        )
        raise ConfigError("SA406", message) from error
    return generator(**arguments)


def registrations() -> list[Registration]:
    """List every name, without importing any plugin.

    Returns:
        Sorted by name; two entries where two distributions claim one name.
    """
    own = [
        Registration(name, _path(kind), f"register() by {_module(kind)}", name in _blocked)
        for name, kind in _registered.items()
    ]
    plugins = [
        Registration(entry.name, entry.value, _distribution(entry), entry.name in _blocked)
        for entry in _entry_points()
    ]
    return sorted([*own, *plugins], key=lambda one: (one.name, one.distribution))


def _module(generator: object) -> str:
    """Name the module that a class comes from."""
    return str(getattr(generator, "__module__", "?"))


def _import(entry: metadata.EntryPoint) -> type[Generator]:
    """Import a plugin's class and check it."""
    try:
        generator = entry.load()
    except Exception as error:  # a plugin may fail in any way while it is imported
        message = (
            f'Generator "{entry.name}" of {_distribution(entry)} must be importable, '
            f"got {type(error).__name__}: {error} from {entry.value}. "
            f'Repair or uninstall that distribution, or keep it out with block("{entry.name}").'
        )
        raise GeneratorError("SA405", message) from error
    _check(entry.name, generator, _distribution(entry))
    return generator  # type: ignore[no-any-return]


def _check(name: str, generator: object, origin: str) -> None:
    """Insist on a concrete class with a constructor that can be called by keyword."""
    problem = _problem(generator)
    if problem:
        message = (
            f'Generator "{name}" of {origin} must be a concrete subclass of '
            "lightning_synthaug.generators.Generator, "
            f"got {problem}. See docs, how-to, write a generator."
        )
        raise GeneratorError("SA401", message)


def _problem(generator: object) -> str:
    """Say what keeps a class from being a generator, or nothing."""
    if not inspect.isclass(generator):
        return f"{generator!r}, which is no class"
    if not issubclass(generator, Generator):
        return f"{_path(generator)}, which does not derive from it"
    if inspect.isabstract(generator):
        missing = sorted(generator.__abstractmethods__)
        return f"{_path(generator)}, which lacks {', '.join(missing)}"
    positional = [
        parameter.name
        for parameter in inspect.signature(generator).parameters.values()
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.VAR_POSITIONAL)
    ]
    if positional:
        return f"{_path(generator)}, whose arguments {positional} cannot be given by name"
    return ""


def _entry_points(name: str | None = None) -> list[metadata.EntryPoint]:
    """List entry points of the group, each once; a distribution found twice on the path counts " "once."""
    found = metadata.entry_points(group=GROUP)
    chosen: Iterable[metadata.EntryPoint] = found if name is None else found.select(name=name)
    return list(
        {(_distribution(entry), entry.name, entry.value): entry for entry in chosen}.values()
    )


def _distribution(entry: metadata.EntryPoint) -> str:
    """Name a distribution and its version."""
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else "an unknown distribution"


def _path(kind: type) -> str:
    """Write a class's import path."""
    return f"{kind.__module__}:{kind.__qualname__}"


def _taken(name: str, claims: list[str]) -> NoReturn:
    """Refuse a name that more than one class claims."""
    message = (
        f'The name "{name}" must belong to one generator, got {len(claims)}: {"; ".join(claims)}. '
        "Uninstall one of them, or import the class and pass an instance."
    )
    raise GeneratorError("SA403", message)


def _not_found(name: str) -> NoReturn:
    """Say which names there are, and which was perhaps meant."""
    known = sorted({one.name for one in registrations()})
    close = difflib.get_close_matches(name, known, n=1)
    meant = f' Did you mean "{close[0]}"?' if close else ""
    message = (
        f'A generator\'s name must be one of {known}, got "{name}".{meant} '
        f'Install the distribution that brings it, or call register("{name}", MyGenerator).'
    )
    raise GeneratorNotFound("SA400", message)
