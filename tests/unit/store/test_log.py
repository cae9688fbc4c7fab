from __future__ import annotations

import os
from pathlib import Path

import pytest

from lightning_synthaug.store.log import BlockKind, frame, read_from, scan, write_all

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
