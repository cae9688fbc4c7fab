"""Whether synthetic items fit among the real ones of a batch that was put together by size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, final

import numpy as np

from lightning_synthaug.plan.seeding import Int64Array

__all__ = ["Bucket", "extents"]

#: Sizes of what an item is made of, by the way to it.
Extents = dict[tuple[Any, ...], tuple[int, ...]]


@final
class Bucket:
    """Let synthetic items into a batch that they fit, and the samples that they displace in place of the others.

    A synthetic item may be as large as the largest real one of its batch, or as the sample that it displaces, in each
    dimension: then no budget is passed. Where the batch cannot be collated, it must be of that sample's very size.

    Args:
        items: The batch; items that do not fit are replaced in it.
        synthetic: Which rows are synthetic, ascending.
        displaced: Reads the samples that rows displace.
    """

    def __init__(
        self,
        items: list[Any],
        synthetic: list[int],
        displaced: Callable[[list[int]], list[Any]],
    ) -> None:
        self._items = items
        self._synthetic = synthetic
        self._read = displaced
        self._displaced: dict[int, Any] = {}
        self._unfit: list[int] = []

    @property
    def unfit(self) -> Int64Array | None:
        """Rows whose synthetic item was replaced so far, ascending; None for none."""
        return np.array(sorted(self._unfit), np.int64) if self._unfit else None

    def bound(self) -> None:
        """Replace what is larger than the samples of the batch."""
        made = set(self._synthetic)
        largest: Extents = {}
        for row, item in enumerate(self._items):
            if row not in made:
                largest = _largest(largest, extents(item))
        doubtful = [
            row for row in self._synthetic if not _within(extents(self._items[row]), largest)
        ]
        own = {row: extents(item) for row, item in self._of(doubtful).items()}
        self._replace(
            [
                row
                for row in doubtful
                if not _within(extents(self._items[row]), _largest(largest, own[row]))
            ]
        )

    def match(self) -> bool:
        """Replace what has another size than the sample that it displaces.

        Returns:
            Whether there was any.
        """
        left = [row for row in self._synthetic if row not in self._unfit]
        own = self._of(left)
        other = [row for row in left if extents(self._items[row]) != extents(own[row])]
        self._replace(other)
        return bool(other)

    def _of(self, rows: list[int]) -> dict[int, Any]:
        """Read displaced samples, each once."""
        new = [row for row in rows if row not in self._displaced]
        if new:
            self._displaced.update(zip(new, self._read(new), strict=True))
        return {row: self._displaced[row] for row in rows}

    def _replace(self, rows: list[int]) -> None:
        """Serve the samples displaced."""
        for row, item in self._of(rows).items():
            self._items[row] = item
        self._unfit += rows


def extents(item: Any) -> Extents:
    """Measure an item.

    Args:
        item: Tensors, arrays, images, lists of numbers, in tuples, lists and dicts.

    Returns:
        The size of each part that has one, by the keys and places that lead to it; a list's length is a size.

    Example:
        >>> extents({"ids": [5, 6, 7], "label": 1})
        {('ids',): (3,)}
    """
    found: Extents = {}
    _measure(item, (), found)
    return found


def _measure(part: Any, path: tuple[Any, ...], found: Extents) -> None:
    """Collect the sizes of a part of an item."""
    shape = getattr(part, "shape", None)
    if shape is None:
        shape = getattr(part, "size", None)  # of a PIL image
    if isinstance(shape, tuple):
        found[path] = tuple(int(n) for n in shape)
        return
    if isinstance(part, Mapping):
        pairs = list(part.items())
    elif isinstance(part, (list, tuple)):
        pairs = list(enumerate(part))
        if isinstance(part, list):
            found[path] = (len(part),)
    else:
        return
    for key, value in pairs:
        if not isinstance(value, (int, float, str)):
            _measure(value, (*path, key), found)


def _largest(one: Extents, other: Extents) -> Extents:
    """Return the larger of two sizes of each part, dimension by dimension."""
    both = dict(one)
    for path, size in other.items():
        known = both.get(path, size)
        both[path] = (
            tuple(map(max, known, size)) if len(known) == len(size) else max(known, size, key=len)
        )
    return both


def _within(size: Extents, largest: Extents) -> bool:
    """Tell whether all parts of an item are as large as others at most."""
    return all(
        path in largest
        and len(largest[path]) == len(dims)
        and all(a <= b for a, b in zip(dims, largest[path], strict=True))
        for path, dims in size.items()
    )
