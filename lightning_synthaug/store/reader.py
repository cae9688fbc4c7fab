"""Read batches of samples in any process, from the shard files alone.

Loader workers get this object by pickle or by fork. It holds a path; files are opened at the first
use in each process, and nothing opened is ever shared between two. No SQLite is involved.
"""

from __future__ import annotations

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

__all__ = ["Gathered", "ShardReader"]

MAX_OPEN: Final = 256  # shards mapped at once; each takes a file descriptor
_Place = tuple[OpenShard, int]


class Gathered(NamedTuple):
    """A batch of samples.

    Attributes:
        ok: Which of the asked rows are there and undamaged. Shape `(n,)`.
        columns: The rows that are, in the order asked, when all have one schema of fixed rows: one
            array a field, of shape `(ok.sum(), *field shape)`, writable, a copy. Else None.
        records: The same rows as records, when `columns` is None. Else None.
    """

    ok: npt.NDArray[np.bool_]
    columns: Mapping[str, npt.NDArray[Any]] | None
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
            if len(at) and np.count_nonzero(wanted == wanted[0]) == len(at):
                opened = self._open(handles, int(wanted[0]))
                if opened is not None and opened.has_all(at):
                    columns = columns_of(opened.schema, opened.take(at))
                    return Gathered(np.ones(len(at), np.bool_), columns, None)
            return self._one_by_one(handles, wanted.tolist(), at.tolist())

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

    def _one_by_one(self, handles: _Handles, shards: list[int], rows: list[int]) -> Gathered:
        """Gather from several shards, or rows that were not all read before."""
        opened = {shard: self._open(handles, shard) for shard in dict.fromkeys(shards)}
        ok = np.zeros(len(rows), np.bool_)
        places: list[_Place] = []
        for i, (shard, row) in enumerate(zip(shards, rows, strict=True)):
            source = opened[shard]
            if source is not None and source.has(row):
                ok[i] = True
                places.append((source, row))
        columns = _columns(places)
        if columns is not None:
            return Gathered(ok, columns, None)
        records = [source.record(row) for source, row in places]
        ok[ok] = [record is not None for record in records]
        return Gathered(ok, None, tuple(record for record in records if record is not None))

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


def _columns(places: Sequence[_Place]) -> dict[str, npt.NDArray[Any]] | None:
    """Copy fixed rows of one schema; None when they are of several, or ragged."""
    if not places:
        return None
    schema = places[0][0].schema
    stride = schema.stride
    same = all(opened.schema is schema or opened.schema == schema for opened, _ in places)
    if not stride or not same:
        return None
    # NumPy scatters structured rows field by field; whole rows as bytes go three times as fast.
    table = np.empty(len(places), schema.row_dtype)
    target = memoryview(table.view(np.uint8).data)
    end = 0
    for opened, row in places:
        at = row * stride
        target[end : end + stride] = opened.view[at : at + stride]
        end += stride
    return columns_of(schema, table)
