"""Read batches of samples in any process, from the shard files alone.

Loader workers get this object by pickle or by fork. It holds a path; files are opened at the first
use in each process, and nothing opened is ever shared between two. No SQLite is involved.
"""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.data.record import Record
from lightning_synthaug.errors import CacheError
from lightning_synthaug.store.joined import Gathered, JoinedShards
from lightning_synthaug.store.opened import OpenShard

__all__ = ["ShardReader"]

#: Shards open at once; each takes three file descriptors, and a process often has 1,024.
MAX_OPEN: Final = 192
_Ints = npt.NDArray[np.int64]


@final
class _Handles:
    """What one process has open."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.shards: dict[int, OpenShard] = {}
        self._joined: dict[int, JoinedShards | None] = {}

    def trim(self, most: int) -> None:
        """Close the shards opened longest ago, before a batch and never within one."""
        while len(self.shards) > most:
            self._joined.clear()
            self.shards.pop(next(iter(self.shards))).close()

    def open(self, folder: Path, shard: int) -> OpenShard | None:
        """Open a shard or look at it again, None when it is missing or damaged."""
        opened = self.shards.get(shard)
        if opened is not None:
            opened.look()
        elif shard >= 0:
            with contextlib.suppress(OSError, CacheError, ValueError, MemoryError):
                opened = self.shards[shard] = OpenShard(folder, shard)
                self._joined.clear()
        return opened

    def take(self, shards: _Ints, rows: _Ints) -> Gathered | None:
        """Copy rows at once where all are fixed rows of one schema and known to be right."""
        joined = self._joined.get(shards.item(0)) if shards.size else None
        return None if joined is None else joined.take(shards, rows)

    def join(self, shard: int) -> None:
        """Join an open shard with all others of its schema, unless that is done."""
        if shard in self._joined:
            return
        schema = self.shards[shard].schema
        same = [opened for opened in self.shards.values() if opened.schema == schema]
        full = [opened for opened in same if 0 < schema.stride <= len(opened.view)]
        joined = None
        with contextlib.suppress(ValueError):
            joined = JoinedShards(full) if full else None
        self._joined.update((opened.shard, joined) for opened in same)


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
        wanted, at = np.asarray(shards, np.int64), np.asarray(rows, np.int64)
        handles = self._here()
        with handles.lock:
            if len(handles.shards) > MAX_OPEN:
                handles.trim(MAX_OPEN)
            gathered = handles.take(wanted, at)
            if gathered is not None:
                return gathered
            ok = self._check(handles, wanted, at)
            wanted, at = wanted[ok], at[ok]
            if wanted.size:
                handles.join(wanted.item(0))
            gathered = handles.take(wanted, at)
            if gathered is not None:
                return gathered._replace(ok=ok)
            return _records(handles, wanted, at, ok)

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
            handles.trim(MAX_OPEN)
            opened = handles.open(self.folder, shard)
            return opened.record(row) if opened is not None and opened.has(row) else None

    def close(self) -> None:
        """Close what this process has open; the next use opens it again."""
        handles = self._here()
        with handles.lock:
            handles.trim(0)

    def _check(self, handles: _Handles, shards: _Ints, rows: _Ints) -> npt.NDArray[np.bool_]:
        """Open what is not open, verify what is not verified, and tell which rows are there and undamaged."""
        wanted = shards.tolist()
        opened = {shard: handles.open(self.folder, shard) for shard in set(wanted)}
        there = [
            (one := opened[shard]) is not None and one.has(row)
            for shard, row in zip(wanted, rows.tolist(), strict=True)
        ]
        return np.array(there, np.bool_)

    def _here(self) -> _Handles:
        """Return this process's handles; those of a parent are left alone."""
        # A dictionary's `setdefault` is atomic; a lock here could be held across a fork.
        here = os.getpid()
        return self._handles.get(here) or self._handles.setdefault(here, _Handles())


def _records(handles: _Handles, shards: _Ints, rows: _Ints, ok: npt.NDArray[np.bool_]) -> Gathered:
    """Decode rows one by one, in the order asked; one that makes no record is a miss."""
    places = zip(shards.tolist(), rows.tolist(), strict=True)
    found = [handles.shards[shard].record(row) for shard, row in places]
    ok[ok] = [record is not None for record in found]
    return Gathered(ok, None, tuple(record for record in found if record is not None))
