"""Where each key is: one SQLite file beside the shards, for several processes at once.

Only the process that plans reads it; loader workers get (shard, row) and never open it. It holds
nothing that the logs do not, see `recovery`.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.store.faults import corrupt_index, index_faults
from lightning_synthaug.store.tables import INDEX_NAME, connect

__all__ = ["BURIED", "UNKNOWN", "Index", "Rows", "ShardState"]

UNKNOWN: Final = -1
BURIED: Final = -2
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
        self.path = folder / INDEX_NAME
        self.lock = threading.RLock()
        with index_faults(self.path):
            self._connection = connect(self.path)

    def close(self) -> None:
        """Close the connection; the last one merges the write-ahead log."""
        with self.lock, index_faults(self.path):
            self._connection.close()

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Make several changes at once or none of them; other processes wait.

        Inside another `writing` of the same thread it is part of that one.
        """
        with self.lock, index_faults(self.path):
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows."""
        with self.lock, index_faults(self.path):
            return self._connection.execute(sql, parameters).fetchall()

    def execute_many(self, sql: str, parameters: Iterable[Sequence[Any]]) -> int:
        """Run one statement for each row of parameters and return how many rows changed."""
        with self.lock, index_faults(self.path):
            return self._connection.executemany(sql, parameters).rowcount

    def select_keys(self, sql: str, keys: Sequence[bytes]) -> Iterator[tuple[Any, ...]]:
        """Run a query that ends in `key IN` for many keys. Yields rows in no order."""
        for start in range(0, len(keys), _CHUNK):
            chunk = keys[start : start + _CHUNK]
            yield from self.execute(f"{sql} ({','.join('?' * len(chunk))})", chunk)

    def locate(self, keys: Sequence[bytes]) -> npt.NDArray[np.int64]:
        """Find where keys are.

        Args:
            keys: Sample keys. 16 bytes each.

        Returns:
            Shard and row of each. Shape `(n, 2)`; (-1, -1) when unknown, (-2, -2) when buried.

        Raises:
            CacheCorrupt: The index does not hold integers.
        """
        sql = "SELECT key, shard, row FROM samples WHERE key IN"
        found = {row[0]: row[1:] for row in self.select_keys(sql, keys)}
        missing = [key for key in keys if key not in found]
        for (key,) in self.select_keys("SELECT key FROM tombstones WHERE key IN", missing):
            found[key] = (BURIED, BURIED)
        nowhere = (UNKNOWN, UNKNOWN)
        places = [found.get(key, nowhere) for key in keys]
        try:
            return np.array(places, dtype=np.int64).reshape(-1, 2)
        except (TypeError, ValueError, OverflowError) as error:
            raise corrupt_index(self.path, error) from error

    def add(self, batch: Rows) -> int:
        """Insert rows, inside `writing`; a key that is there keeps its place.

        Returns:
            How many keys were new.
        """
        self.execute("INSERT OR IGNORE INTO provenance (common) VALUES (?)", (batch.common,))
        found = self.execute("SELECT id FROM provenance WHERE common = ?", (batch.common,))
        common = found[0][0]
        rows = [
            (key, batch.shard, row, common, own)
            for key, row, own in zip(batch.keys, batch.rows, batch.own, strict=True)
        ]
        return self.execute_many("INSERT OR IGNORE INTO samples VALUES (?, ?, ?, ?, ?)", rows)

    def note_shard(self, state: ShardState) -> None:
        """Say how far a shard is in the index, inside `writing`; it never goes backwards."""
        self.execute(
            "INSERT INTO shards VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
            "rows = max(rows, excluded.rows), bytes = max(bytes, excluded.bytes), "
            "read_to = max(read_to, excluded.read_to), sealed = max(sealed, excluded.sealed)",
            (
                state.shard,
                state.schema,
                state.rows,
                state.size,
                state.read_to,
                int(state.sealed),
                state.created,
            ),
        )

    def shards(self) -> dict[int, ShardState]:
        """Return the state of each shard."""
        states = (ShardState(*row) for row in self.execute("SELECT * FROM shards"))
        return {state.shard: state for state in states}

    def drop_shards(self, shards: Sequence[int]) -> None:
        """Take shards and their samples out of the index."""
        with self.writing():
            for table, column in (("samples", "shard"), ("forgotten", "shard"), ("shards", "id")):
                sql = f"DELETE FROM {table} WHERE {column} = ?"  # names from this line alone
                self.execute_many(sql, [(shard,) for shard in shards])
