"""Rows of several open shards, copied by one call of NumPy as if they lay in one table."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple, final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.data.record import Record
from lightning_synthaug.plan.seeding import groups_of
from lightning_synthaug.store.opened import VERIFIED, OpenShard
from lightning_synthaug.store.scattered import Scattered, Stretch
from lightning_synthaug.store.schema import ALIGN

__all__ = ["Gathered", "JoinedShards"]

_Ints = npt.NDArray[np.int64]
_Bytes = npt.NDArray[np.uint8]
_VERIFIED: Final = bytes([VERIFIED])
_NONE: Final = -1  # stands behind the last shard, for ids that would come there
_LARGE: Final = 1 << 14  # bytes of a row, or of a field: copying it twice costs more than a loop


class Gathered(NamedTuple):
    """A batch of samples.

    Attributes:
        ok: Which of the asked rows are there and undamaged. Shape `(n,)`.
        columns: The rows that are, in the order asked, when all have one schema of fixed rows and their shards can be
            open at once: one array a field, of shape `(ok.sum(), *field shape)`, writable, a copy; of large rows the
            large fields where they lie. Else None.
        records: The same rows as records, when `columns` is None. Else None.
    """

    ok: npt.NDArray[np.bool_]
    columns: Mapping[str, npt.NDArray[Any] | Scattered] | None
    records: tuple[Record, ...] | None


@final
class JoinedShards:
    """Copy fixed rows of any of the shards, in any order, once.

    NumPy gathers from one array, and a call for each shard with another to bring the rows into order costs several
    times the copying. So the one array here is the memory from the first mapping to the last, each row found by its
    distance from the first. What lies between the mappings is never touched, since only rows are read whose checksum
    was right, which lie in their file as long as that is.

    Args:
        shards: Open shards of one schema of fixed rows, at least one, each with room for a row. Their files stay mapped
            as long as this is there, whoever closes them meanwhile.

    Raises:
        ValueError: They lie so far apart that NumPy cannot count the distance in rows.
    """

    def __init__(self, shards: Sequence[OpenShard]) -> None:
        self._opened = ordered = sorted(shards, key=lambda opened: opened.shard)
        self._ids = np.array([*(opened.shard for opened in ordered), _NONE], np.int64)
        self._sorted = self._ids[:-1]
        self._counts = np.array([opened.states.size for opened in ordered], np.uint64)
        self._dtype, stride = ordered[0].schema.row_dtype, ordered[0].schema.stride
        self._names = [(field.name, f"f{i}") for i, field in enumerate(ordered[0].schema.fields)]
        self._files = files = [np.frombuffer(opened.view, np.uint8) for opened in ordered]
        self._large = [_table(file, self._dtype) for file in files] if stride >= _LARGE else []
        self._step = stride // ALIGN
        if not self._large:
            self._rows, self._first_row = _from_first_to_last(files, stride, apart=ALIGN)
        states = [opened.states for opened in ordered]
        self._states, self._first_state = _from_first_to_last(states, 1, apart=1)

    def take(self, shards: _Ints, rows: _Ints) -> Gathered | None:
        """Copy rows if all of them are known to be right.

        Args:
            shards: Shard ids. Shape `(n,)`.
            rows: Row in each. Shape `(n,)`.

        Returns:
            All of them as columns; None when it takes a closer look at each row.
        """
        which = self._sorted.searchsorted(shards)
        if self._ids[which].tobytes() != shards.tobytes():
            return None
        seek, end = os.lseek, os.SEEK_END
        try:
            for opened in map(self._opened.__getitem__, set(which.tolist())):
                # A mapping that is touched beyond its file ends the process, so each file is looked at in each batch.
                if seek(opened.fd, 0, end) < opened.need:
                    return None
        except OSError:  # for one because it was closed
            return None
        inside = rows.view(np.uint64) < self._counts[which]  # a negative one is a large one
        if np.count_nonzero(inside) != rows.size:
            return None
        states = self._states[self._first_state[which] + rows]
        if states.tobytes() != _VERIFIED * rows.size:
            return None
        right = states.view(np.bool_)
        if self._large:
            return Gathered(right, self._spread(which, rows), None)
        table = self._rows[self._first_row[which] + rows * self._step].view(self._dtype)
        columns = {name: table[column] for name, column in self._names}
        return Gathered(right, columns, None)

    def _spread(self, which: _Ints, rows: _Ints) -> dict[str, npt.NDArray[Any] | Scattered]:
        """Copy the small fields of rows, and leave the large ones where they lie."""
        order, groups = groups_of(which)
        places = [(number, order[part], _check(self._opened[number])) for number, part in groups]
        columns: dict[str, npt.NDArray[Any] | Scattered] = {}
        for name, column in self._names:
            stretches = [
                Stretch(self._large[number][column], rows[mine], mine, check)
                for number, mine, check in places
            ]
            first = stretches[0].values
            if first[0].nbytes >= _LARGE:
                columns[name] = Scattered(stretches)
                continue
            copy = np.empty((rows.size, *first.shape[1:]), first.dtype)
            for values, some, mine, _ in stretches:
                copy[mine] = values[some]
            columns[name] = copy
        return columns


def _check(opened: OpenShard) -> Callable[[], None]:
    """Say how to check that a file still has the rows that it has now."""
    return partial(opened.require, opened.need)


def _table(file: _Bytes, dtype: np.dtype[Any]) -> npt.NDArray[np.void]:
    """View a file as rows."""
    return file[: file.size // dtype.itemsize * dtype.itemsize].view(dtype)


def _from_first_to_last(
    parts: Sequence[_Bytes], size: int, *, apart: int
) -> tuple[npt.NDArray[np.void], _Ints]:
    """View the memory from the first part to the last.

    Args:
        parts: Arrays anywhere in memory.
        size: Length of an item. Bytes.
        apart: How far it is from one item to the next. Bytes; the distances between the parts are multiples of it.

    Returns:
        An item at each distance from the first part, and the item with which each part begins.
    """
    at = [part.ctypes.data for part in parts]
    first = min(at)
    last = max(begin + part.size for begin, part in zip(at, parts, strict=True)) - size
    item = parts[at.index(first)][:size].view(f"V{size}")
    there = (last - first) // apart + 1
    items = np.lib.stride_tricks.as_strided(item, (there,), (apart,), writeable=False)
    return items, np.array([(begin - first) // apart for begin in at], np.int64)
