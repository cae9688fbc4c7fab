from __future__ import annotations

import os
from pathlib import Path

import pytest

from lightning_synthaug.store import log
from lightning_synthaug.store.budget import ShardSize
from lightning_synthaug.store.codec import Encoded, encode
from lightning_synthaug.store.durable import sync_folder
from lightning_synthaug.store.header import log_path, rows_path
from lightning_synthaug.store.log import BlockKind, read_from, scan
from lightning_synthaug.store.schema import schema_of
from lightning_synthaug.store.writer import ShardWriter, new_id
from tests.unit.store.samples import image, key

SCHEMA = schema_of(image(0))
LIMITS = ShardSize(10, 10 * SCHEMA.stride)


def rows(count: int) -> Encoded:
    return encode(SCHEMA, [image(i) for i in range(count)])


def test_the_data_file_has_its_full_length_from_the_start_and_gives_it_back(tmp_path: Path) -> None:
    writer = ShardWriter(tmp_path, SCHEMA, LIMITS)
    path = rows_path(tmp_path, writer.shard)
    assert path.stat().st_size == LIMITS.size
    assert writer.append(rows(3), [key(i) for i in range(3)], b"{}") == 0
    assert writer.append(rows(2), [key(i) for i in range(2)], b"{}") == 3
    writer.seal()
    assert path.read_bytes() == bytes(rows(3).data) + bytes(rows(2).data)
    kinds = [block.kind for block in scan(read_from(log_path(tmp_path, writer.shard), 0))]
    assert kinds == [BlockKind.HEADER, BlockKind.COMMIT, BlockKind.COMMIT, BlockKind.SEAL]


def test_room_counts_rows_and_bytes(tmp_path: Path) -> None:
    writer = ShardWriter(tmp_path, SCHEMA, LIMITS)
    assert writer.room(rows(4), 1) == 3
    writer.append(rows(8), [key(i) for i in range(8)], b"{}")
    assert writer.room(rows(4), 0) == 2
    writer.seal()
    text = schema_of({"text": "abc"})
    ragged = ShardWriter(tmp_path, text, ShardSize(100, 25))
    encoded = encode(text, [{"text": "abc"}] * 5)  # type: ignore[list-item]
    assert ragged.room(encoded, 0) == 2
    ragged.seal()


def test_a_shard_without_rows_disappears(tmp_path: Path) -> None:
    ShardWriter(tmp_path, SCHEMA, LIMITS).seal()
    assert not list(tmp_path.iterdir())


def test_files_that_cannot_be_made_leave_nothing(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"File too large|Invalid|No space"):
        ShardWriter(tmp_path, SCHEMA, ShardSize(10, 2**62))
    assert not list(tmp_path.iterdir())


def test_a_failed_write_to_the_log_marks_the_shard(tmp_path: Path) -> None:
    writer = ShardWriter(tmp_path, SCHEMA, LIMITS)
    writer.append(rows(1), [key(0)], b"{}")
    path = log_path(tmp_path, writer.shard)
    fd = next(fd for fd in writer._fds if os.path.samestat(os.fstat(fd), path.stat()))
    broken = os.open(path, os.O_RDONLY)
    os.dup2(broken, fd)
    os.close(broken)
    with pytest.raises(OSError, match="Bad file descriptor"):
        writer.append(rows(1), [key(1)], b"{}")
    assert writer.broken
    assert writer.rows == 1
    writer.seal()
    assert rows_path(tmp_path, writer.shard).stat().st_size == LIMITS.size


def test_ids_differ_and_folders_can_be_synced(tmp_path: Path) -> None:
    assert len({new_id() for _ in range(100)}) == 100
    assert all(0 <= new_id() < 2**63 for _ in range(100))
    sync_folder(tmp_path)


def test_data_are_durable_before_the_log_says_so_and_names_before_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a power cut keeps is decided by the order of syncs alone, so the order is what is looked at."""
    order: list[str] = []
    written: set[str] = set()

    def name(fd: int) -> str:
        return Path(f"/proc/self/fd/{fd}").readlink().suffix

    def write_all(fd: int, data: bytes, offset: int) -> None:
        written.add(name(fd))
        log.write_all(fd, data, offset)

    def sync(fd: int) -> None:
        order.append(f"{name(fd)} with {''.join(sorted(written))}")
        written.clear()

    monkeypatch.setattr("lightning_synthaug.store.writer.write_all", write_all)
    monkeypatch.setattr("lightning_synthaug.store.durable.write_all", write_all)
    monkeypatch.setattr("lightning_synthaug.store.writer.sync", sync)
    monkeypatch.setattr(
        "lightning_synthaug.store.writer.sync_folder",
        lambda folder: order.append(f"folder with {len(list(folder.glob('*.log')))} log"),
    )
    shard = ShardWriter(tmp_path, SCHEMA, LIMITS)
    assert order == [".new with .new", "folder with 1 log"]
    order.clear()
    shard.append(rows(1), [key(0)], b"{}")
    assert order == [".rows with .rows", ".log with .log"]
    shard.seal()


def test_a_broken_shard_keeps_what_a_reader_may_have_seen(tmp_path: Path) -> None:
    shard = ShardWriter(tmp_path, SCHEMA, LIMITS)
    shard.broken = True
    shard.seal()
    assert log_path(tmp_path, shard.shard).exists()
    assert rows_path(tmp_path, shard.shard).stat().st_size == LIMITS.size


def test_a_long_log_has_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lightning_synthaug.store.writer.MAX_LOG", 1000)
    shard = ShardWriter(tmp_path, SCHEMA, LIMITS)
    assert shard.room(rows(1), 0) == 1
    shard.append(rows(1), [key(0)], b"x" * 600)
    assert shard.room(rows(1), 0) == 0
    shard.seal()
