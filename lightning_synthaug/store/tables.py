"""The SQL of the index: one file a store, made anew from the shards whenever it is lost."""

from __future__ import annotations

import functools
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any, Final

from lightning_synthaug.store.faults import corrupt_index
from lightning_synthaug.store.header import FORMAT, newer_format

__all__ = ["INDEX_NAME", "MAX_TEXT", "begin", "connect"]

INDEX_NAME: Final = "index.sqlite"
APPLICATION: Final = 0x53594E41  # "SYNA": no other program's database is taken for an index
BUSY_SECONDS: Final = 30.0
# Seconds; SQLite itself waits 1, 2, 5, 10 ... ms for a transaction of half a millisecond.
_FIRST_WAIT: Final = 1e-4
_LONGEST_WAIT: Final = 0.02
MAX_TEXT: Final = 1 << 28  # bytes; SQLite allocates no more for one value

# `read_to` is how far a log is in the index; what lies behind it is taken in at the next opening.
# `mark` is a function of key, shard and row: an entry with a damaged bit is not believed.
# `at` decides between two verdicts on one sample: the later one counts.
_TABLES: Final = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE shards (
    id INTEGER PRIMARY KEY, schema TEXT NOT NULL, rows INTEGER NOT NULL, bytes INTEGER NOT NULL,
    read_to INTEGER NOT NULL, sealed INTEGER NOT NULL, created INTEGER NOT NULL);
CREATE TABLE journals (id INTEGER PRIMARY KEY, read_to INTEGER NOT NULL);
CREATE TABLE provenance (id INTEGER PRIMARY KEY, common TEXT NOT NULL UNIQUE);
CREATE TABLE samples (
    key BLOB PRIMARY KEY, shard INTEGER NOT NULL, row INTEGER NOT NULL, mark INTEGER NOT NULL,
    common INTEGER NOT NULL, own TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE forgotten (shard INTEGER, row INTEGER, PRIMARY KEY (shard, row)) WITHOUT ROWID;
CREATE TABLE tombstones (
    key BLOB PRIMARY KEY, reason TEXT NOT NULL, attempts INTEGER NOT NULL,
    at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE verdicts (
    gate TEXT NOT NULL, key BLOB NOT NULL, accepted INTEGER NOT NULL, score REAL,
    reason TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (gate, key)) WITHOUT ROWID;
"""


def connect(path: Path) -> sqlite3.Connection:
    """Open the index, making it when there is none.

    Args:
        path: The file.

    Returns:
        A connection without implicit transactions, checked to be an index of this format.

    Raises:
        sqlite3.DatabaseError: It cannot be opened, or is not a database.
        CacheCorrupt: It is another program's database.
        CacheError: A later version of the package wrote it.
    """
    if path.exists() and not path.is_file():
        raise corrupt_index(path, "no regular file")
    connection = sqlite3.connect(
        path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute("PRAGMA cell_size_check=ON")
        if sys.version_info >= (3, 11):
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_TEXT)
        _check(connection, path)
        _use_wal(connection)
        # A power cut may lose the last transactions; the logs still have what they said.
        connection.execute("PRAGMA synchronous=NORMAL")
    except BaseException:
        connection.close()
        raise
    return connection


def begin(connection: sqlite3.Connection) -> None:
    """Begin a transaction that writes, as soon as no other process is in one.

    Raises:
        sqlite3.OperationalError: One was, all the time that SQLite would have waited.
    """
    connection.execute("PRAGMA busy_timeout=0")
    try:
        _patiently(connection, "BEGIN IMMEDIATE")
    finally:
        connection.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1e3:.0f}")


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to a write-ahead log, which SQLite refuses at once while another process does so."""
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        _patiently(connection, "PRAGMA journal_mode=WAL")


def _patiently(connection: sqlite3.Connection, sql: str) -> None:
    """Run a statement again as long as another process is in its way, and not for ever."""
    deadline, wait = time.monotonic() + BUSY_SECONDS, _FIRST_WAIT
    while True:
        try:
            connection.execute(sql)
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
        time.sleep(wait)
        wait = min(wait * 1.1, _LONGEST_WAIT)


def _check(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables in an empty file, check them in any other."""
    if _application(connection) == 0 and not _schema(connection):
        _create(connection)
    if _application(connection) != APPLICATION:
        raise corrupt_index(path, "a database of another program")
    if not set(_expected()) & {row for row in _schema(connection) if row[1] == "meta"}:
        raise corrupt_index(path, "no table 'meta'")  # a view of that name could run for ever
    version = dict(connection.execute("SELECT name, value FROM meta")).get("format", "")
    if not isinstance(version, str) or not version.isdecimal() or not 0 < len(version) < 10:
        raise corrupt_index(path, f"format {version!r:.40}")
    if int(version) > FORMAT:
        raise newer_format("store index", int(version))
    if version != str(FORMAT) or _schema(connection) != _expected():
        raise corrupt_index(path, "other tables")


def _create(connection: sqlite3.Connection) -> None:
    """Make the tables; of several processes that try at once, one does."""
    begin(connection)
    if not _schema(connection):
        for statement in _TABLES.split(";"):
            connection.execute(statement)
        connection.execute("INSERT INTO meta VALUES ('format', ?)", (str(FORMAT),))
        connection.execute(f"PRAGMA application_id={APPLICATION}")
    connection.execute("COMMIT")


def _application(connection: sqlite3.Connection) -> int:
    """Read which program the database says it belongs to."""
    return int(connection.execute("PRAGMA application_id").fetchone()[0])


def _schema(connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
    """List tables, indexes, views and triggers, with the SQL that made each."""
    sql = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"
    return connection.execute(sql).fetchall()


@functools.cache
def _expected() -> list[tuple[Any, ...]]:
    """List what this SQLite makes of the tables."""
    connection = sqlite3.connect(":memory:")
    try:
        connection.executescript(_TABLES)
        return _schema(connection)
    finally:
        connection.close()
