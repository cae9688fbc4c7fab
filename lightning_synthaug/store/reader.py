"""Read batches of samples in any process, from the shard files alone.

Loader workers get this object by pickle or by fork. It holds a path; files are opened at the first
use in each process, and nothing opened is ever shared between two. No SQLite is involved.
"""

from __future__ import annotations

import contextlib
import os
import resource
import threading
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.data.record import Record
from lightning_synthaug.store.faults import damage_passed_over
from lightning_synthaug.store.joined import Gathered, JoinedShards
from lightning_synthaug.store.opened import OpenShard

__all__ = ["ShardReader"]

#: Shards open at once; each takes three file descriptors, and together at most three fifths of all.
MAX_OPEN: Final = 192
_Ints = npt.NDArray[np.int64]


@final
class _Handles:
    """What one process has open. Whoever is in the middle of reading keeps what it needs, whoever closes it."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._shards: OrderedDict[int, OpenShard] = OrderedDict()
        self._joined: dict[int, JoinedShards | None] = {}
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self.most = MAX_OPEN if files < 0 else max(1, min(MAX_OPEN, files // 5))

    def open(self, folder: Path, shard: int) -> OpenShard | None:
        """Open a shard or look at it again, None when it is missing or damaged; too many are not kept."""
        opened = self._shards.pop(shard, None)
        if shard < 0:
            return None
        with damage_passed_over(folder):
            if opened is None:
                opened = OpenShard(folder, shard)
                self._joined.clear()
            opened.look()
            # It is the last one now, and the first is what nobody needed for longest.
            self._shards[shard] = opened
            while len(self._shards) > self.most:
                self._shards.popitem(last=False)
                self._joined.clear()
            return opened
        return None

    def take(self, shards: _Ints, rows: _Ints) -> Gathered | None:
        """Copy rows at once where all are fixed rows of one schema and known to be right."""
        joined = self._joined.get(shards.item(0)) if shards.size else None
        return None if joined is None else joined.take(shards, rows)

    def join(self, shard: int) -> None:
        """Join an open shard with all others of its schema, unless that is done."""
        wanted = self._shards.get(shard)
        if wanted is None or shard in self._joined:
            return
        same = [one for one in list(self._shards.values()) if one.schema == wanted.schema]
        full = [one for one in same if 0 < one.schema.stride <= len(one.view)]
        joined = None
        with contextlib.suppress(ValueError):
            joined = JoinedShards(full) if full else None
        self._joined.update((one.shard, joined) for one in same)


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
        self._held: tuple[int, _Handles] | None = None

    def __repr__(self) -> str:
        return f"ShardReader({str(self.folder)!r})"

    def __getstate__(self) -> dict[str, Any]:
        """Take only the path to another process."""
        return {"folder": self.folder, "_held": None}

    def gather(self, shards: npt.ArrayLike, rows: npt.ArrayLike) -> Gathered:
        """Copy a batch of samples.

        Args:
            shards: Shard ids as `Store.resolve` gives them, negative for what is not there. Shape
                `(n,)`.
            rows: Row in each. Shape `(n,)`.

        Returns:
            The samples that could be read, and which those are.

        Raises:
            CacheError: The process has no file descriptors or no memory left (SA336).
        """
        wanted, at = np.asarray(shards, np.int64), np.asarray(rows, np.int64)
        handles = self._here()
        with handles.lock:
            gathered = handles.take(wanted, at)
            if gathered is not None:
                return gathered
            several = set(wanted.tolist())
            if len(several) <= handles.most:
                opened = {shard: handles.open(self.folder, shard) for shard in several}
                ok = _check(opened, wanted, at)
                some, there = wanted[ok], at[ok]
                if some.size:
                    handles.join(some.item(0))
                gathered = handles.take(some, there)
                if gathered is not None:
                    return gathered._replace(ok=ok)
            return self._records(handles, wanted, at)

    def read(self, shard: int, row: int) -> Record | None:
        """Read one sample.

        Args:
            shard: Shard id.
            row: Row in it.

        Returns:
            The record, None when it is missing or damaged.

        Raises:
            CacheError: As `gather`.
        """
        handles = self._here()
        with handles.lock:
            opened = handles.open(self.folder, shard)
            return None if opened is None else opened.record(row)

    def close(self) -> None:
        """Close what this process has open; the next use opens it again."""
        self._held = None

    def _records(self, handles: _Handles, shards: _Ints, rows: _Ints) -> Gathered:
        """Decode rows one by one, shard after shard; one that makes no record is a miss."""
        found: list[Record | None] = [None] * shards.size
        last, opened = None, None
        for i in shards.argsort(kind="stable").tolist():
            if (shard := shards.item(i)) != last:
                last, opened = shard, handles.open(self.folder, shard)
            found[i] = None if opened is None else opened.record(rows.item(i))
        ok = np.array([record is not None for record in found], np.bool_)
        return Gathered(ok, None, tuple(record for record in found if record is not None))

    def _here(self) -> _Handles:
        """Return this process's handles; what it inherited from its parent is closed."""
        held = self._held
        if held is None or held[0] != os.getpid():  # no lock: it could be held across a fork
            held = self._held = os.getpid(), _Handles()
        return held[1]


def _check(
    opened: Mapping[int, OpenShard | None], shards: _Ints, rows: _Ints
) -> npt.NDArray[np.bool_]:
    """Verify what is not verified, and tell which rows are there and undamaged."""
    there = [
        (one := opened[shard]) is not None and one.has(row)
        for shard, row in zip(shards.tolist(), rows.tolist(), strict=True)
    ]
    return np.array(there, np.bool_)
