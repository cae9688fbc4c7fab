"""Read batches of samples in any process, from the shard files alone.

Loader workers get this object by pickle or by fork. It holds a path; files are opened at the first
use in each process, and nothing opened is ever shared between two. No SQLite is involved.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.data.record import Record
from lightning_synthaug.errors import CacheError
from lightning_synthaug.store.codec import columns_of
from lightning_synthaug.store.opened import OpenShard
from lightning_synthaug.store.scattered import Scattered, Stretch

__all__ = ["Gathered", "ShardReader"]

MAX_OPEN: Final = 256  # shards mapped at once; each takes a file descriptor
_LARGE: Final = 1 << 14  # bytes of a row, or of a field: copying it twice costs more than a loop
_Ints = npt.NDArray[np.int64]


class _Part(NamedTuple):
    """Rows of a batch that lie in one shard."""

    opened: OpenShard
    places: _Ints  # in the batch
    rows: _Ints


class Gathered(NamedTuple):
    """A batch of samples.

    Attributes:
        ok: Which of the asked rows are there and undamaged. Shape `(n,)`.
        columns: The rows that are, in the order asked, when all have one schema of fixed rows: one
            array a field, of shape `(ok.sum(), *field shape)`, writable, a copy; of large rows the large
            fields where they lie. Else None.
        records: The same rows as records, when `columns` is None. Else None.
    """

    ok: npt.NDArray[np.bool_]
    columns: Mapping[str, npt.NDArray[Any] | Scattered] | None
    records: tuple[Record, ...] | None


@final
class _Handles:
    """What one process has open."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.shards: OrderedDict[int, OpenShard] = OrderedDict()

    def trim(self) -> None:
        """Close the shards used longest ago, before a batch and never within one."""
        while len(self.shards) > MAX_OPEN:
            self.shards.popitem(last=False)[1].close()


@final
class ShardReader:
    """Gather samples by shard and row.

    Missing, truncated and damaged rows are misses, never errors and never wrong data: each row's
    checksum is verified once a process. Commits made after opening are seen.

    Args:
        folder: Folder of the store.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self._handles: dict[int, _Handles] = {}

    def __repr__(self) -> str:
        return f"ShardReader({str(self.folder)!r})"

    def __getstate__(self) -> dict[str, Any]:
        """Take only the path to another process."""
        return {"folder": self.folder, "_handles": {}}

    def gather(self, shards: npt.ArrayLike, rows: npt.ArrayLike) -> Gathered:
        """Copy a batch of samples.

        Args:
            shards: Shard ids as `Store.resolve` gives them, negative for what is not there. Shape
                `(n,)`.
            rows: Row in each. Shape `(n,)`.

        Returns:
            The samples that could be read, and which those are.
        """
        wanted = np.asarray(shards, np.int64)
        at = np.asarray(rows, np.int64)
        handles = self._here()
        with handles.lock:
            handles.trim()
            parts = self._parts(handles, wanted, at)
            ok = np.ones(at.size, np.bool_)
            if sum(part.rows.size for part in parts) != at.size:
                ok[:] = False
                for part in parts:
                    ok[part.places] = True
            columns = _columns(parts, ok)
            if columns is not None:
                return Gathered(ok, columns, None)
            return _records(parts, ok)

    def read(self, shard: int, row: int) -> Record | None:
        """Read one sample.

        Args:
            shard: Shard id.
            row: Row in it.

        Returns:
            The record, None when it is missing or damaged.
        """
        handles = self._here()
        with handles.lock:
            handles.trim()
            opened = self._open(handles, shard)
            return opened.record(row) if opened is not None and opened.has(row) else None

    def close(self) -> None:
        """Close what this process has open; the next use opens it again."""
        handles = self._here()
        with handles.lock:
            while handles.shards:
                handles.shards.popitem()[1].close()

    def _parts(self, handles: _Handles, shards: _Ints, rows: _Ints) -> list[_Part]:
        """Sort the rows that are there and undamaged by shard."""
        if rows.size and rows.min() < 0:
            shards = np.where(rows < 0, -1, shards)
        order, cuts = np.arange(rows.size), [0, rows.size]
        if np.count_nonzero(shards == shards[:1]) != rows.size:
            order = shards.argsort(kind="stable")
            shards, rows = shards[order], rows[order]
            cuts[1:1] = ((shards[1:] != shards[:-1]).nonzero()[0] + 1).tolist()
        parts = []
        for begin, end in itertools.pairwise(cuts):
            opened = self._open(handles, int(shards[begin])) if begin < end else None
            if opened is None:
                continue
            part = _Part(opened, order[begin:end], rows[begin:end])
            if not opened.has_all(part.rows):
                good = np.array([opened.has(row) for row in part.rows.tolist()], np.bool_)
                part = _Part(opened, part.places[good], part.rows[good])
            if part.rows.size:
                parts.append(part)
        return parts

    def _here(self) -> _Handles:
        """Return this process's handles; those of a parent are left alone."""
        # A dictionary's `setdefault` is atomic; a lock here could be held across a fork.
        here = os.getpid()
        return self._handles.get(here) or self._handles.setdefault(here, _Handles())

    def _open(self, handles: _Handles, shard: int) -> OpenShard | None:
        """Open a shard or find it open, None when it is missing or damaged."""
        opened = handles.shards.get(shard)
        if opened is not None:
            handles.shards.move_to_end(shard)
            opened.look()
            return opened
        if shard < 0:
            return None
        try:
            opened = OpenShard(self.folder, shard)
        except (OSError, CacheError, ValueError, MemoryError):
            return None
        handles.shards[shard] = opened
        return opened


def _columns(
    parts: Sequence[_Part], ok: npt.NDArray[np.bool_]
) -> Mapping[str, npt.NDArray[Any] | Scattered] | None:
    """Copy fixed rows of one schema; None when they are of several, or ragged."""
    if not parts:
        return None
    schema = parts[0].opened.schema
    if not schema.stride or any(part.opened.schema != schema for part in parts):
        return None
    if schema.stride >= _LARGE:
        return _large_columns(parts, ok)
    if len(parts) == 1:
        return columns_of(schema, parts[0].opened.take(parts[0].rows))
    table = np.empty(np.count_nonzero(ok), schema.row_dtype)
    after = np.cumsum(ok) - 1
    # NumPy moves structured rows field by field; as plain bytes they go three times as fast.
    plain = table.view(f"V{schema.stride}")
    sorted_, end = np.empty_like(plain), 0
    for part in parts:
        begin, end = end, end + part.rows.size
        part.opened.take(part.rows, sorted_[begin:end])
    plain[after[np.concatenate([part.places for part in parts])]] = sorted_
    return columns_of(schema, table)


def _large_columns(
    parts: Sequence[_Part], ok: npt.NDArray[np.bool_]
) -> dict[str, npt.NDArray[Any] | Scattered]:
    """Copy the small fields of fixed rows, and leave the large ones where they lie."""
    after = np.cumsum(ok) - 1
    columns: dict[str, npt.NDArray[Any] | Scattered] = {}
    for name, first in parts[0].opened.columns.items():
        stretches = [
            Stretch(opened.columns[name], rows, after[places]) for opened, places, rows in parts
        ]
        if first[0].nbytes >= _LARGE:
            columns[name] = Scattered(stretches)
            continue
        copy = np.empty((np.count_nonzero(ok), *first.shape[1:]), first.dtype)
        for values, rows, places in stretches:
            copy[places] = values[rows]
        columns[name] = copy
    return columns


def _records(parts: Sequence[_Part], ok: npt.NDArray[np.bool_]) -> Gathered:
    """Decode rows one by one, in the order asked; one that makes no record is a miss."""
    found: dict[int, Record] = {}
    for opened, places, rows in parts:
        for place, row in zip(places.tolist(), rows.tolist(), strict=True):
            record = opened.record(row)
            if record is None:
                ok[place] = False
            else:
                found[place] = record
    return Gathered(ok, None, tuple(found[place] for place in sorted(found)))
