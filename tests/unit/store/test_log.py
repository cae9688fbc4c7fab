from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

import pytest

from lightning_synthaug.errors import CacheCorrupt
from lightning_synthaug.store.log import (
    MAX_LOG,
    BlockKind,
    first_block,
    frame,
    read_from,
    scan,
    write_all,
)

BLOCKS = [frame(BlockKind.NOTE, bytes([i]) * i) for i in range(1, 20)]


def payloads(data: bytes) -> list[bytes]:
    return [bytes(block.payload) for block in scan(data)]


def test_blocks_are_aligned_and_found() -> None:
    assert all(len(block) % 8 == 0 for block in BLOCKS)
    assert payloads(b"".join(BLOCKS)) == [bytes([i]) * i for i in range(1, 20)]
    assert payloads(b"") == []


def test_a_torn_tail_is_not_seen_and_ends_where_it_begins() -> None:
    data = b"".join(BLOCKS)
    whole = len(data) - len(BLOCKS[-1])
    for cut in range(whole, whole + 16 + 19):
        blocks = scan(data[:cut])
        assert len(blocks) == 18
        assert blocks[-1].end == whole


def test_any_flipped_bit_loses_its_block_and_no_other() -> None:
    data = b"".join(BLOCKS[:5])
    first = len(BLOCKS[0])
    for offset in range(first, first + 16 + 2):
        for bit in range(8):
            changed = bytearray(data)
            changed[offset] ^= 1 << bit
            assert payloads(bytes(changed)) == [b"\1", b"\3\3\3", b"\4" * 4, b"\5" * 5]


def test_a_scan_goes_on_from_an_offset() -> None:
    data, base = b"".join(BLOCKS), len(BLOCKS[0])
    assert [block.end for block in scan(data[base:], base=base)] == [b.end for b in scan(data)][1:]


def test_files_are_read_from_an_offset(tmp_path: Path) -> None:
    path = tmp_path / "file"
    fd = os.open(path, os.O_RDWR | os.O_CREAT)
    write_all(fd, b"hello", 3)
    os.close(fd)
    assert read_from(path, 2) == b"\0hello"
    assert read_from(path, 100) == b""
    with pytest.raises(FileNotFoundError, match="none"):
        read_from(tmp_path / "none", 0)


def test_bytes_made_to_look_like_many_long_blocks_cost_little(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each of 8,192 beginnings promises a block up to the end; checking all would be quadratic."""
    checked = []
    crc = zlib.crc32
    monkeypatch.setattr(zlib, "crc32", lambda *a: checked.append(len(a[0])) or crc(*a))
    size = 1 << 17
    heads = [struct.pack("<4sIII", b"SAB1", 2, size - at - 16, 7) for at in range(0, size, 16)]
    assert scan(b"".join(heads)) == []
    assert sum(checked) <= 20 * size
    assert first_block(b"".join(heads)) is None


def test_many_damaged_blocks_do_not_hide_a_right_one() -> None:
    block = frame(BlockKind.NOTE, b"x" * 100)
    damaged = block[:50] + b"y" + block[51:]
    assert [b.end for b in scan(damaged * 500 + block)] == [501 * len(block)]


def test_only_files_are_read_and_only_as_long_as_writers_make_them(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "sparse").touch()
    os.truncate(tmp_path / "sparse", MAX_LOG + 1)
    for name in ("pipe", "folder", "sparse"):
        with pytest.raises(CacheCorrupt, match=r"(no regular file|1,073,741,825 bytes).*SA304"):
            read_from(tmp_path / name, 0)
