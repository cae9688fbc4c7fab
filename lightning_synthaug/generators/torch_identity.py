"""How a network and its arguments are written down in a fingerprint: the same in every process, and no two alike."""

from __future__ import annotations

import functools
import json
import re
import sys
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, NoReturn

from lightning_synthaug.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

__all__ = ["describe_module", "plain"]

# What a repr shows when it does not show all: where an object lies, or that something was left out.
_INCOMPLETE = re.compile(r"\b0x[0-9a-fA-F]+|\.\.\.")


def describe_module(module: nn.Module | Callable[..., nn.Module] | str | None) -> str:
    """Write down which network this is, the same in every process.

    Args:
        module: As for `load_network`.

    Returns:
        An import path; for a partial call its arguments as well; for a module that is already made,
        its layers and the plain public attributes of those that are not torch's own.

    Raises:
        ConfigError: Nothing says in another process which network it is: a lambda, an object
            without a name, an argument that is only an address (SA415).
    """
    if module is None or isinstance(module, str):
        return module or ""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(module, torch.nn.Module):
        kind = type(module)
        return f"{kind.__module__}:{kind.__qualname__} {module!r}{_attributes(module)}"
    if isinstance(module, functools.partial):
        arguments = json.dumps([plain(module.args), plain(module.keywords)], sort_keys=True)
        return f"{describe_module(module.func)} {arguments}"
    return _path(module)


def plain(value: object) -> Any:
    """Make an argument fit for JSON, so that it can be told from every other one.

    Args:
        value: A plain value, a class or function, or a list, tuple, set or mapping of such; anything
            else by how it prints.

    Returns:
        JSON values.

    Raises:
        ConfigError: How it prints does not tell it from others (SA415).

    Example:
        >>> plain({"sizes": (1, 2), "rate": 0.5})
        {'sizes': [1, 2], 'rate': 0.5}
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, AbstractSet):
        return sorted((plain(item) for item in value), key=repr)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if callable(value):
        return describe_module(value)
    text = repr(value)
    if _INCOMPLETE.search(text):
        _unnamed(text)
    return text


def _path(factory: Any) -> str:
    """Write the import path of a class or function."""
    name = getattr(factory, "__qualname__", None)
    if name is None or not callable(factory) or "<lambda>" in name:
        _unnamed(repr(factory))
    return f"{factory.__module__}:{name}"


def _attributes(module: nn.Module) -> str:
    """List plain public attributes of all layers, which their repr may leave out; torch's own show theirs."""
    found = {
        f"{place}.{name}": value
        for place, layer in module.named_modules()
        if not type(layer).__module__.startswith("torch.nn.")
        for name, value in vars(layer).items()
        if name[0] != "_" and name != "training" and _is_plain(value)
    }
    return f" {json.dumps(found, sort_keys=True)}" if found else ""


def _is_plain(value: object) -> bool:
    """Tell whether a value is JSON as it is."""
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, bool | int | float | str)


def _unnamed(got: str) -> NoReturn:
    """Refuse what cannot be written down."""
    message = (
        "`module` and its arguments must say which network it is, in any process, got "
        f"{got[:200]}. The cache would mix samples of different networks: give a class, a named "
        'function, a path "package.module:Class", and plain values in `module_args`.'
    )
    raise ConfigError("SA415", message)
