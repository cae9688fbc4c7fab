from __future__ import annotations

import os
import sqlite3
import sys
import threading
from pathlib import Path

import pytest

from lightning_synthaug.errors import CacheCorrupt, CacheError
from lightning_synthaug.store import tables
from lightning_synthaug.store.tables import begin, connect


def changed(path: Path, *statements: str) -> Path:
    """An index that someone changed."""
    connect(path).close()
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return path


def test_tables_are_made_once(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite"
    first, second = connect(path), connect(path)
    assert first.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert second.execute("PRAGMA synchronous").fetchone() == (1,)
    assert second.execute("SELECT * FROM meta").fetchall() == [("format", "1")]
    first.close()
    second.close()


def test_a_newer_format_names_both_versions(tmp_path: Path) -> None:
    path = changed(tmp_path / "i", "UPDATE meta SET value = '7'")
    with pytest.raises(CacheError, match=r"at most 1, got 7.*SA302"):
        connect(path)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE meta SET value = 'x'",
        "UPDATE meta SET value = x'ff'",
        "UPDATE meta SET value = '0'",
        "DELETE FROM meta",
        "DROP TABLE tombstones",
        "UPDATE meta SET value = printf('%.5000d', 7)",
        "ALTER TABLE shards ADD COLUMN more",
        "DROP TABLE meta",
        "CREATE INDEX more ON samples (own)",
        "CREATE TRIGGER more AFTER INSERT ON samples BEGIN DELETE FROM tombstones; END",
        "CREATE VIEW more AS SELECT 1",
        "PRAGMA application_id = 3",
    ],
)
def test_a_changed_index_is_told(tmp_path: Path, statement: str) -> None:
    path = changed(tmp_path / "i", statement)
    with pytest.raises(CacheCorrupt, match=r"rebuild=True.*SA303"):
        connect(path)


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "i"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE theirs (x)")
    other.commit()
    other.close()
    before = path.read_bytes()
    with pytest.raises(CacheCorrupt, match="another program"):
        connect(path)
    assert path.read_bytes() == before


def test_a_view_in_place_of_the_format_is_not_asked(tmp_path: Path) -> None:
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x FROM n) SELECT x, x FROM n"
    path = changed(
        tmp_path / "i", "DROP TABLE meta", f"CREATE VIEW meta (name, value) AS {endless}"
    )
    with pytest.raises(CacheCorrupt, match=r"no table 'meta'.*SA303"):
        connect(path)


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "i")
    with pytest.raises(CacheCorrupt, match=r"no regular file.*SA303"):
        connect(tmp_path / "i")


@pytest.mark.skipif(sys.version_info < (3, 11), reason="sqlite3 has no limits before 3.11")
def test_no_value_of_a_strangers_file_takes_much_memory(tmp_path: Path) -> None:
    connection = connect(tmp_path / "i")
    with pytest.raises(sqlite3.DataError, match="too big"):
        connection.execute("SELECT length(zeroblob(400000000) || 'x')")
    assert connection.execute("PRAGMA cell_size_check").fetchone() == (1,)
    connection.close()


def test_a_writer_waits_for_another(tmp_path: Path) -> None:
    first, second = connect(tmp_path / "i"), connect(tmp_path / "i")
    begin(first)
    first.execute("INSERT INTO provenance (common) VALUES ('first')")
    timer = threading.Timer(0.2, lambda: first.execute("COMMIT"))
    timer.start()
    begin(second)
    assert second.execute("SELECT common FROM provenance").fetchall() == [("first",)]
    second.execute("COMMIT")
    timer.join()
    # What is no transaction that writes waits as SQLite does.
    assert second.execute("PRAGMA busy_timeout").fetchone() == (30_000,)
    first.close()
    second.close()


def test_a_writer_does_not_wait_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = connect(tmp_path / "i"), connect(tmp_path / "i")
    begin(first)
    monkeypatch.setattr(tables, "BUSY_SECONDS", 0.05)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        begin(second)
    assert not second.in_transaction
    first.execute("ROLLBACK")
    begin(second)
    with pytest.raises(sqlite3.OperationalError, match="within a transaction"):
        begin(second)
    second.execute("ROLLBACK")
    first.close()
    second.close()
