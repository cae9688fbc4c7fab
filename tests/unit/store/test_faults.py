from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

import pytest

from lightning_synthaug.errors import CacheCorrupt, CacheError, CacheFull, CacheLocked
from lightning_synthaug.store.faults import (
    IndexFaults,
    corrupt_index,
    damage_passed_over,
    write_faults,
)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_told_apart(number: int, tmp_path: Path) -> None:
    with pytest.raises(CacheFull, match=r"stay readable.*SA306"), write_faults(tmp_path):
        raise OSError(number, "full")


@pytest.mark.parametrize(
    "error",
    [OSError(errno.EMFILE, "many"), OSError(errno.ENFILE, "all"), OSError(errno.ENOMEM, "memory")],
)
def test_a_process_that_ran_out_of_something_says_so(error: OSError, tmp_path: Path) -> None:
    with pytest.raises(CacheError, match=rf"{tmp_path}.*SA336"), damage_passed_over(tmp_path):
        raise error
    with pytest.raises(CacheError, match="'no memory'"), damage_passed_over(tmp_path):
        raise MemoryError


def test_damage_is_passed_over(tmp_path: Path) -> None:
    for error in (OSError(errno.EIO, "disk"), ValueError(), corrupt_index(tmp_path, "x")):
        with damage_passed_over(tmp_path):
            raise error


def test_other_failures_to_write_name_the_folder(tmp_path: Path) -> None:
    with pytest.raises(CacheError, match=rf"{tmp_path}.*SA301"), write_faults(tmp_path):
        raise PermissionError(errno.EACCES, "denied")


@pytest.mark.parametrize(
    ("message", "kind", "code"),
    [
        ("database or disk is full", CacheFull, "SA306"),
        ("database is locked", CacheLocked, "SA305"),
        ("attempt to write a readonly database", CacheError, "SA301"),
        ("unable to open database file", CacheError, "SA301"),
        ("disk I/O error", CacheError, "SA301"),
        ("file is not a database", CacheCorrupt, "SA303"),
        ('malformed database schema - near "FULL": syntax error', CacheCorrupt, "SA303"),
        ("no such column: row", CacheCorrupt, "SA303"),
    ],
)
def test_errors_of_sqlite_are_told_in_our_words(
    message: str, kind: type[CacheError], code: str, tmp_path: Path
) -> None:
    with pytest.raises(kind, match=code), IndexFaults(tmp_path / "index.sqlite"):
        raise sqlite3.OperationalError(message)


def test_text_that_is_none_means_a_damaged_index_and_other_errors_pass(tmp_path: Path) -> None:
    faults = IndexFaults(tmp_path / "index.sqlite")
    with pytest.raises(CacheCorrupt, match="SA303"), faults:
        b"\xff".decode()
    with pytest.raises(KeyError), faults, faults:
        raise KeyError(0)


def test_a_damaged_index_says_how_to_mend_it(tmp_path: Path) -> None:
    assert "rebuild=True" in str(corrupt_index(tmp_path, "why"))
