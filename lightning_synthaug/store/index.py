"""Where each key is: one SQLite file beside the shards, for several processes at once.

Only the process that plans reads it; loader workers get (shard, row) and never open it. It holds
nothing that the logs do not, see `recovery`.

SQLite forbids to carry a connection across a fork: the child's copy would take the parent's locks and its write-ahead
log away. So every connection is closed just before a fork, and both processes open their own at the next use.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import weakref
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, repeat
from pathlib import Path
from typing import Any, Final, NamedTuple, final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.errors import CacheError
from lightning_synthaug.store.faults import IndexFaults, corrupt_index
from lightning_synthaug.store.keys import KEY_BYTES, check_keys, join_keys, marks, strays
from lightning_synthaug.store.location import index_path
from lightning_synthaug.store.tables import begin, connect

__all__ = ["BURIED", "UNKNOWN", "Index", "Rows", "ShardState"]

UNKNOWN: Final = -1
BURIED: Final = -2
_NOWHERE: Final = (UNKNOWN, UNKNOWN, 0)
_CHUNK: Final = 512  # parameters a query; SQLite before 3.32 takes 999


class Rows(NamedTuple):
    """Committed rows of one shard, for the index.

    Attributes:
        shard: Shard id.
        rows: Row of each key.
        keys: Sample keys. 16 bytes each.
        common: Provenance that they share, JSON text.
        own: The rest of each, JSON texts.
    """

    shard: int
    rows: Sequence[int]
    keys: Sequence[bytes]
    common: str
    own: Sequence[str]


class ShardState(NamedTuple):
    """How far a shard is in the index.

    Attributes:
        shard: Shard id.
        schema: Its schema as JSON text.
        rows: Rows committed.
        size: Bytes of the data file in use.
        read_to: Length of the log that is in the index. Bytes.
        sealed: Whether nothing will be added.
        created: When its first commit was written. Nanoseconds since 1970.
    """

    shard: int
    schema: str
    rows: int
    size: int
    read_to: int
    sealed: bool
    created: int


@final
class Index:
    """Read and write the index from one process.

    Args:
        folder: Folder of the store.

    Raises:
        CacheError: The index cannot be opened, is damaged or of a later format.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = index_path(folder)
        self.lock = threading.RLock()
        self._faults = IndexFaults(self.path)
        self._connection: sqlite3.Connection | None = None
        self._closed = False
        with _FORKING, self.lock, self._faults:
            _INDEXES.add(self)  # who forks goes through them
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._live()

    def close(self) -> None:
        """Close the connection; the last one merges the write-ahead log."""
        with self.lock, self._faults:
            self._closed = True
            self._disconnect()

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Make several changes at once or none, as part of those around them; other processes wait."""
        with self.lock, self._faults:
            connection = self._live()
            if connection.in_transaction:
                yield
                return
            try:  # around BEGIN too: a transaction that Ctrl-C left open would swallow all later ones
                begin(connection)
                yield
                connection.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows."""
        with self.lock, self._faults:
            return self._live().execute(sql, parameters).fetchall()

    def read(self, sql: str, *kinds: type) -> list[tuple[Any, ...]]:
        """Run a query whose columns must be of these types, integers not negative.

        Raises:
            CacheCorrupt: A value is something else.
        """
        rows = self.execute(sql)
        for row in rows:
            for value, kind in zip(row, kinds, strict=True):
                if type(value) is not kind or (isinstance(value, int) and value < 0):
                    raise corrupt_index(self.path, f"{value!r:.100} in `{sql}`")
        return rows

    def execute_many(self, sql: str, parameters: Iterable[Sequence[Any]]) -> int:
        """Run one statement for each row of parameters and return how many rows changed."""
        with self.lock, self._faults:
            return self._live().executemany(sql, parameters).rowcount

    def select_keys(self, sql: str, keys: Sequence[bytes]) -> list[tuple[Any, ...]]:
        """Run a query that ends in `key IN` for many keys. Returns rows in no order."""
        rows: list[tuple[Any, ...]] = []
        if len(keys) > _CHUNK:
            keys = sorted(keys)  # as they lie: neighbours are found with fewer pages read
        for start in range(0, len(keys), _CHUNK):
            chunk = keys[start : start + _CHUNK]
            rows += self.execute(f"{sql} ({','.join('?' * len(chunk))})", chunk)
        return rows

    def locate(self, keys: Sequence[bytes]) -> npt.NDArray[np.int64]:
        """Find where keys are.

        Args:
            keys: Sample keys. 16 bytes each.

        Returns:
            Shard and row of each. Shape `(n, 2)`; (-1, -1) when unknown, (-2, -2) when buried.

        Raises:
            CacheCorrupt: The index does not hold integers.
            CacheError: A key is not 16 bytes.
        """
        places = self.places(keys)
        unknown = places[:, 0] == UNKNOWN
        if np.count_nonzero(unknown):
            lost = [keys[i] for i in np.nonzero(unknown)[0].tolist()]
            rows = self.select_keys("SELECT key FROM tombstones WHERE key IN", lost)
            if buried := {key for (key,) in rows}:
                places[[key in buried for key in keys] & unknown] = BURIED
        return places

    def places(self, keys: Sequence[bytes]) -> npt.NDArray[np.int64]:
        """Find where samples are, as `locate` does, with no word of what is buried.

        An entry whose key or place was changed is dropped, so that its sample is made again.
        """
        if not len(keys):
            return np.empty((0, 2), np.int64)
        joined = join_keys(keys)
        rows = self.select_keys("SELECT key, shard, row, mark FROM samples WHERE key IN", keys)
        found = {key: (shard, row, mark) for key, shard, row, mark in rows}
        try:  # an array of integers takes nothing else
            cells = array("q", chain.from_iterable(map(found.get, keys, repeat(_NOWHERE))))
        except (TypeError, OverflowError) as error:
            check_keys(keys)
            raise corrupt_index(self.path, error) from error
        table = np.frombuffer(cells, np.int64).reshape(-1, 3)
        places = table[:, :2]
        absent = strays(joined, table)
        if np.count_nonzero(absent):
            places[absent != 0] = UNKNOWN
            lost = [keys[i] for i in np.nonzero(absent)[0].tolist()] if found else ()
            if wrong := [(key, *found[key][:2]) for key in lost if key in found]:
                sql = "DELETE FROM samples WHERE key = ? AND shard = ? AND row = ?"
                self.execute_many(sql, wrong)
        return places

    def add(self, batch: Rows) -> int:
        """Insert rows, inside `writing`; a key that is there keeps its place.

        Returns:
            How many keys were new.
        """
        told = "SELECT id FROM provenance WHERE common = ?"
        while not (found := self.execute(told, (batch.common,))):
            self.execute("INSERT INTO provenance (common) VALUES (?)", (batch.common,))
        count = len(batch.keys)
        places = np.full((count, 2), batch.shard, np.int64)
        places[:, 1] = batch.rows
        mark = marks(join_keys(batch.keys), places).tolist()
        shard, common = repeat(batch.shard, count), repeat(found[0][0], count)
        rows = zip(batch.keys, shard, batch.rows, mark, common, batch.own, strict=True)
        return self.execute_many("INSERT OR IGNORE INTO samples VALUES (?, ?, ?, ?, ?, ?)", rows)

    def note_shard(self, state: ShardState) -> None:
        """Say how far a shard is in the index, inside `writing`; it never goes backwards."""
        self.execute(
            "INSERT INTO shards VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
            "rows = max(rows, excluded.rows), bytes = max(bytes, excluded.bytes), "
            "read_to = max(read_to, excluded.read_to), sealed = max(sealed, excluded.sealed)",
            state,
        )

    def shards(self) -> dict[int, ShardState]:
        """Return the state of each shard."""
        kinds = (int, str, int, int, int, int, int)
        states = (ShardState(*row) for row in self.read("SELECT * FROM shards", *kinds))
        return {state.shard: state for state in states}

    def count(self, shards: Sequence[int]) -> int:
        """Count the samples in shards."""
        sql = f"SELECT count(*) FROM samples WHERE shard IN ({','.join(map(str, shards))})"
        return int(self.read(sql, int)[0][0])

    def rows_of(self, shard: int) -> list[tuple[bytes, int]]:
        """Return key and row of each sample in a shard."""
        found = self.read(f"SELECT key, row FROM samples WHERE shard = {shard:d}", bytes, int)
        if any(len(key) != KEY_BYTES for key, _ in found):
            raise corrupt_index(self.path, "a key that is none")
        return [(key, row) for key, row in found]

    def drop_shards(self, shards: Sequence[int]) -> None:
        """Take shards and their samples out of the index."""
        ids = ",".join(map(str, shards))  # all at once: each time takes a look at every sample
        with self.writing():
            for table, column in (("samples", "shard"), ("forgotten", "shard"), ("shards", "id")):
                self.execute(f"DELETE FROM {table} WHERE {column} IN ({ids})")

    def _live(self) -> sqlite3.Connection:
        """Return the connection, opening it at the first use and after a fork."""
        if self._connection is None:
            if self._closed:
                raise CacheError(
                    "SA309",
                    f"A store must be open to be used, got a closed one for {str(self.folder)!r}. "
                    "Open it again with `Store.open`.",
                )
            self._connection = connect(self.path)
        return self._connection

    def _disconnect(self) -> None:
        """Close the connection, if there is one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


_INDEXES: Final[weakref.WeakSet[Index]] = weakref.WeakSet()
_HELD: Final[list[Index]] = []
_FORKING: Final = threading.RLock()  # two that fork at once would wait for each other's indexes


def _before_fork() -> None:
    """Close every connection, and let no thread open one until the fork is done."""
    _FORKING.acquire()
    for index in list(_INDEXES):
        index.lock.acquire()
        _HELD.append(index)
        with contextlib.suppress(sqlite3.Error):
            index._disconnect()


def _after_fork() -> None:
    """Go on, in the parent and in the child."""
    while _HELD:
        _HELD.pop().lock.release()
    _FORKING.release()


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)
