"""Objects from configuration files and dicts, in the layout that LightningCLI reads.

jsonargparse, which also stands behind LightningCLI, converts types and makes nested objects; this module reads the
file, and turns what is wrong into one message.
"""

from __future__ import annotations

import inspect
import os
import pkgutil
import re
from argparse import ArgumentError
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from lightning_synthaug.errors import ConfigError, MissingDependency, SynthAugError
from lightning_synthaug.mixing import Recipe
from lightning_synthaug.trainer.class_names import known_names, refuse_unknown, require, write_out

__all__ = ["Configurable", "read_config"]

if TYPE_CHECKING:
    from typing_extensions import Self

T = TypeVar("T")

#: Lines of jsonargparse's messages that say nothing to a reader of the configuration.
_NOISE = (
    "Does not validate", "Subtypes:", "Errors:", "Given value type:", "Parser key",
    "Subclass types expect", "a class path (str)", "a dict with", "Expected a <class 'NoneType'>",
)  # fmt: skip


class Configurable:
    """Can be made from a configuration. Its arguments are the options of `Recipe`, and maybe more."""

    @classmethod
    def from_config(cls, config: str | os.PathLike[str] | Mapping[str, Any], **given: Any) -> Self:
        """Make it from a YAML file or a dict.

        The layout is LightningCLI's: options by name, objects as `{class_path: ..., init_args: {...}}`. The package's
        own classes and generators that are entry points need no module: `Linear`, `folder`. The whole may be wrapped
        in `class_path` and `init_args` itself, as in `--trainer.callbacks+=synthaug.yaml`.

        A configuration names code, and that code is imported and called: treat a configuration that somebody gave
        you as you would treat a script. Relative paths in it start at the current folder.

        Args:
            config: Path of a YAML file, or a dict.
            **given: Options as Python objects; they count more than those of the configuration.

        Returns:
            The object.

        Raises:
            ConfigError: A key, a value or a class does not fit (SA720), the file cannot be read (SA721), or the
                option itself refuses its value.
            MissingDependency: The extra `config` is not installed (SA722).

        Example:
            >>> from lightning_synthaug.lightning import SynthAug
            >>> faces = {"class_path": "FolderGenerator", "init_args": {"folder": "faces"}}
            >>> SynthAug.from_config({"source": faces, "ratio": 0.3, "seed": 7}).seed
            7
        """
        where, options = read_config(config)
        kind = cls
        if "class_path" in options:
            refuse_unknown(options, ("class_path", "init_args"), "", where)
            kind = _named(cls, options["class_path"], where)
            options = dict(options.get("init_args") or {})
        parameters = _parameters(kind)
        refuse_unknown([*options, *given], parameters, "", where, "options")
        require({**options, **given}, parameters.values(), "", where)
        options = {key: value for key, value in options.items() if key not in given}
        if "source" in options:
            options["source"] = _sources(options["source"], "source", where)
        return kind(**_parsed(kind, write_out(options, "", where), given, where), **given)


def read_config(config: str | os.PathLike[str] | Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Read a configuration as plain values; nothing is imported or made yet.

    Args:
        config: Path of a YAML file, or a dict.

    Returns:
        What to call it in messages, and its content.

    Raises:
        ConfigError: There is no such file, it is no YAML, or it holds no options (SA721).
        MissingDependency: PyYAML is not installed (SA722).

    Example:
        >>> read_config({"ratio": 0.3})
        ('the configuration', {'ratio': 0.3})
    """
    if isinstance(config, Mapping):
        return "the configuration", dict(config)
    yaml, path = _needed("yaml"), Path(config)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        problem = " ".join(str(error).split())
        raise ConfigError(
            "SA721",
            f"`config` must be a YAML file that can be read, got {str(path)!r} ({problem}). Correct the path or the "
            "file.",
        ) from error
    if not isinstance(content, dict):
        raise ConfigError(
            "SA721",
            f"`config` must be a YAML file with options by name, got {type(content).__name__} in {str(path)!r}. "
            "Write `source: ...` and `ratio: ...`.",
        )
    return str(path), content


def _parsed(
    kind: type, options: dict[str, Any], given: Mapping[str, Any], where: str
) -> dict[str, Any]:
    """Convert types and make nested objects."""
    library = _needed("jsonargparse")
    parser = library.ArgumentParser(exit_on_error=False)
    parser.add_class_arguments(kind, skip=set(given))
    # Before 4.49 `instantiate` has another name, which later versions warn about.
    make = getattr(parser, "instantiate", None) or parser.instantiate_classes
    try:
        return dict(vars(make(parser.parse_object(options))))
    except SynthAugError:
        raise
    except (ArgumentError, ValueError) as error:
        # What a constructor of ours raised comes back as a line of jsonargparse's own error.
        if own := re.search(r"^\s*- (.*) \[(SA\d{3})\]$", str(error), re.MULTILINE):
            raise ConfigError(own[2], own[1]) from error
        raise ConfigError("SA720", _problem(str(error), kind, where)) from error


def _problem(text: str, kind: type, where: str) -> str:
    """Say in one line what jsonargparse says in many."""
    key = match[1] if (match := re.search(r'[Kk]ey "([^"]+)"', text)) else ""
    lines = [line.strip(" -") for line in text.splitlines()]
    kept = dict.fromkeys(line for line in lines if line and not line.startswith(_NOISE))
    option = _parameters(kind).get(key.split(".")[0])
    kinds = {"source": "generator | dataset | several by name"}
    fits = f"fit `{kinds.get(key, option.annotation)}`" if option is not None else "fit its type"
    named = re.search("import path|subclass", text)
    hint = f" Name a class by its import path, or one of {', '.join(known_names())}."
    return f"`{key}` in {where} must {fits}, got: {'; '.join(kept)}.{hint if named else ''} Correct the value."


def _parameters(kind: type) -> dict[str, inspect.Parameter]:
    """List what can be configured: the class's own arguments, and the options that it hands on."""
    own, options = inspect.signature(kind).parameters, inspect.signature(Recipe).parameters
    named = {n: p for n, p in own.items() if p.kind is not p.VAR_KEYWORD}
    return {**named, **options}


def _sources(source: Any, place: str, where: str) -> Any:
    """Write sources given by name alone as objects."""
    if isinstance(source, str):
        return {"class_path": source}
    if isinstance(source, Mapping) and "class_path" not in source:
        return {name: _sources(one, f"{place}.{name}", where) for name, one in source.items()}
    if source is None or isinstance(source, (bool, int, float, list)):
        raise ConfigError(
            "SA720",
            f"`{place}` in {where} must be a generator or a dataset, or several by name, got {source!r}. Write "
            f"`class_path: ...`, with an import path or one of {', '.join(known_names())}.",
        )
    return source


def _named(cls: type[T], name: Any, where: str) -> type[T]:
    """Return the class that a configuration names: this one, in either flavour, or a subclass of it."""
    if isinstance(name, str):
        own = {
            f"lightning_synthaug.{module}" for module in ("lightning.", "pytorch_lightning.", "")
        }
        if name.endswith(cls.__name__) and name.removesuffix(cls.__name__) in {"", *own}:
            return cls
        try:
            found = pkgutil.resolve_name(name)
        except (ImportError, AttributeError, ValueError):
            found = None
        if isinstance(found, type) and issubclass(found, cls):
            return found
    raise ConfigError(
        "SA720",
        f"`class_path` in {where} must name {cls.__name__} or a subclass of it, got {name!r}. Correct it, or use "
        "from_config of the class that it names.",
    )


def _needed(module: str) -> Any:
    """Import a library of the extra `config`."""
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingDependency(
            "SA722",
            f"Configuration files need jsonargparse and PyYAML, got no module {module!r}. Run `pip install "
            '"lightning-synthaug[config]"`.',
        ) from error
