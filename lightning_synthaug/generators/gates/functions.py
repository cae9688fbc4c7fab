"""Functions of the user's: how they are found, and what tells one from another."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.generators.torch_network import import_object

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["describe_function", "find_function"]


def describe_function(function: Callable[..., Any] | str, identity: str | None) -> str:
    """Write down which function this is, the same in every process.

    Args:
        function: The function, or its import path `"package.module:name"`.
        identity: What the user calls it, or None.

    Returns:
        The identity; where there is none, the import path.

    Raises:
        ConfigError: Nothing tells it from others: a lambda, a function inside a function, a method
            of an object, a partial call (SA455).

    Example:
        >>> import math
        >>> describe_function(math.sqrt, None), describe_function(lambda x: x, "same-1")
        ('math:sqrt', 'same-1')
    """
    if identity is not None:
        return identity
    if isinstance(function, str):
        return function
    name = getattr(function, "__qualname__", "<")
    bound = inspect.ismethod(function) and not inspect.isclass(function.__self__)
    if "<" in name or bound or not callable(function):
        raise ConfigError(
            "SA455",
            f"A function must have a name by which it is found in any process, got {function!r}. What was said of "
            "samples by one function would be taken for what another says: pass a function of a module, its path "
            '"package.module:name", or `identity="my-function-1"`.',
        )
    return f"{function.__module__}:{name}"


def find_function(function: Callable[..., Any] | str) -> Callable[..., Any]:
    """Import a function that is given by its path.

    Args:
        function: The function, or its import path.

    Returns:
        The function.

    Raises:
        ConfigError: The path leads nowhere (SA415).
    """
    found: Callable[..., Any] = import_object(function) if isinstance(function, str) else function
    return found
