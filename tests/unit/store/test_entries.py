from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from lightning_synthaug.store.commit import ENTRIES_AT, ENTRY, Commit, pack_commit
from lightning_synthaug.store.entries import Entries
from lightning_synthaug.store.log import BlockKind, frame, scan


def commit(first: int, count: int) -> Commit:
    entries = np.zeros(count, ENTRY)
    entries["offset"] = np.arange(first, first + count) * 10
    entries["length"], entries["crc"] = 10, np.arange(first, first + count)
    return Commit(first, 0, entries, b"{}")


def known(path: Path, commits: list[Commit]) -> Entries:
    data = b"".join(frame(BlockKind.COMMIT, pack_commit(c)) for c in commits)
    path.write_bytes(data)
    entries = Entries(path)
    for block, one in zip(scan(data), commits, strict=True):
        assert data[block.start : block.start + len(block.payload)] == block.payload
        entries.know(one, block.start + ENTRIES_AT)
    return entries


def test_each_row_is_found_where_its_commit_is(tmp_path: Path) -> None:
    entries = known(tmp_path / "log", [commit(0, 3), commit(3, 1), commit(6, 2)])
    assert [entries.of(row) for row in (0, 2, 3, 6, 7)] == [
        (row * 10, 10, row) for row in (0, 2, 3, 6, 7)
    ]
    assert [entries.of(row) for row in (4, 5, 8, 10**12)] == [None] * 4
    assert entries.rows == 8


@pytest.mark.parametrize("count", [1, 15, 16, 17, 32, 50])
def test_every_row_of_a_commit_of_any_size_is_found(tmp_path: Path, count: int) -> None:
    entries = known(tmp_path / "log", [commit(0, 5), commit(5, count)])
    assert [entries.of(i) for i in range(5 + count)] == [(10 * i, 10, i) for i in range(5 + count)]


def test_a_log_that_was_changed_after_it_was_checked_tells_nothing(tmp_path: Path) -> None:
    path = tmp_path / "log"
    entries = known(path, [commit(0, 3), commit(3, 2)])
    data = bytearray(path.read_bytes())
    first = data.index(pack_commit(commit(0, 3))) + ENTRIES_AT
    data[first : first + 32] = data[first + 32 : first + 64]  # as right as any, but another row's
    path.write_bytes(data)
    assert entries.of(0) is None
    assert entries.of(3) == (30, 10, 3)


def test_commits_that_no_writer_makes_are_passed_over(tmp_path: Path) -> None:
    entries = known(tmp_path / "log", [commit(2, 3), commit(0, 1), commit(4, 5), commit(5, 0)])
    assert entries.of(0) is None and entries.of(5) is None
    assert entries.of(4) == (40, 10, 4)


def test_a_log_that_is_cut_short_or_closed_tells_nothing(tmp_path: Path) -> None:
    entries = known(tmp_path / "log", [commit(0, 130)])
    assert Entries(tmp_path / "log").of(0) is None
    os.truncate(tmp_path / "log", 100 * 32)
    assert entries.of(129) is None and entries.of(96) is None
    assert entries.of(79) == (790, 10, 79)
    entries.close()
    entries.close()
    assert entries.of(0) is None
