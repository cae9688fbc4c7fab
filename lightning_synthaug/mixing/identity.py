"""Tell whether the rows of a collated batch are still the items that were planned."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType, MethodType
from typing import Any, final

import numpy as np
import torch

from lightning_synthaug.errors import ConfigError

__all__ = ["RowWatch", "rows_unknown"]

#: Names that users, torchvision and timm give to what blends samples.
_BLENDING = ("mixup", "cutmix")
#: How deep to look: a method, a choice between transforms, their list, the transforms, what these hold.
_DEPTH = 4
#: How many parts of a list to look at.
_FIRST = 8


@final
class RowWatch:
    """Watch what a user's collate function makes of its items.

    The function's own word counts first: an attribute `mixes_rows`, True or False. Without it, rows are taken to be
    mixed where the function, or what it uses, is called MixUp or CutMix (blending keeps the number of rows, so that the
    batch does not show it), and where the batch has tensors, but nothing in it has as many rows as there were items.

    Args:
        collate: The user's collate function.

    Example:
        >>> import torch
        >>> watch = RowWatch(lambda items: torch.cat(items)[None])
        >>> watch.reason(2, torch.zeros(1, 9))
        'the collate function made of 2 items a batch in which nothing has 2 rows'
        >>> watch.reason(2, {"x": torch.zeros(2, 3)}) is None
        True
    """

    def __init__(self, collate: Callable[[list[Any]], Any]) -> None:
        told = getattr(collate, "mixes_rows", None)
        self._counts = told is None
        self._known: str | None = None
        if told:
            self._known = "the collate function says `mixes_rows = True`"
        elif told is None:
            name = next(_blending(collate, _DEPTH), None)
            if name is not None:
                self._known = f"the collate function uses {name}, which blends rows"

    def reason(self, items: int, batch: Any) -> str | None:
        """Say why the rows of a batch are not the items that it was made of.

        Args:
            items: Number of items, >= 1.
            batch: What the collate function made of them.

        Returns:
            Why, or None where nothing speaks against it.
        """
        if self._known is not None or not self._counts:
            return self._known
        lengths = set(_lengths(batch))
        if not lengths or items in lengths:
            return None
        return (
            f"the collate function made of {items} items a batch in which nothing has {items} rows"
        )


def rows_unknown(asked: str, reason: str) -> ConfigError:
    """Make the error for a question about rows that no longer are the plan's.

    Args:
        asked: What was asked for.
        reason: What `RowWatch.reason` said.

    Returns:
        The error, to be raised.
    """
    return ConfigError(
        "SA607",
        f"{asked} must be asked for while each row of the batch is one sample, got a batch whose rows are mixed: "
        f"{reason}. Mix rows in training_step, after asking; or, if each row is still one sample in the order of the "
        "items, set `mixes_rows = False` on the collate function.",
    )


def _blending(part: Any, depth: int) -> Iterator[str]:
    """Yield the names of what blends rows, among an object and what it uses."""
    name = (part if isinstance(part, (type, FunctionType)) else type(part)).__name__
    if any(word in name.lower() for word in _BLENDING):
        yield name
    if depth:
        for used in _used(part):
            yield from _blending(used, depth - 1)


def _used(part: Any) -> list[Any]:
    """List what a collate function, or a part of one, is made of; long lists by their beginning."""
    if isinstance(part, functools.partial):
        return [part.func, *part.args, *part.keywords.values()]
    if isinstance(part, FunctionType):
        return _named(part)
    if isinstance(part, MethodType):
        return _named(part.__func__, part.__self__)
    if isinstance(part, (list, tuple)):
        return list(part[:_FIRST])
    # An instance of the user's class or of a transform library: torch's modules do their work in `forward`.
    for name in ("forward", "__call__"):
        work = getattr(type(part), name, None)
        if isinstance(work, FunctionType):
            return _named(work, part)
    return []


def _named(function: Any, owner: object = None) -> list[Any]:
    """List the values of the names in a function's code: those around it, and attributes of the object it works on."""
    if not isinstance(function, FunctionType):
        return []
    own = getattr(owner, "__dict__", {})
    attributes = [own[name] for name in function.__code__.co_names if name in own]
    try:
        names = inspect.getclosurevars(function)
    except ValueError:  # a name that has no value yet
        return attributes
    return [*attributes, *names.nonlocals.values(), *names.globals.values()]


def _lengths(batch: Any) -> Iterator[int]:
    """Yield how many rows the parts of a batch have; nothing for a batch without tensors or arrays."""
    found: list[int] = []
    if _measure(batch, found):
        yield from found


def _measure(part: Any, found: list[int]) -> bool:
    """Collect lengths; tell whether there was a tensor or an array with rows."""
    if isinstance(part, (torch.Tensor, np.ndarray)):
        if part.ndim:
            found.append(len(part))
        return part.ndim > 0
    measured = False
    if isinstance(part, (list, tuple)):
        found.append(len(part))
    elif isinstance(part, Mapping):
        part = part.values()
    else:
        return False
    for value in part:
        measured |= _measure(value, found)
    return measured
