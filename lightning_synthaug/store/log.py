"""Framed blocks in append-only files: what makes a torn tail and a damaged byte harmless.

A block is magic, kind, length, crc32 over all of it, then its payload, padded to 8 bytes. A reader
takes only whole blocks with a right checksum. A block that is torn or damaged is skipped: the scan
goes on at the next place where a right one begins.
"""

from __future__ import annotations

import enum
import mmap
import os
import re
import stat
import struct
import zlib
from pathlib import Path
from typing import Final, NamedTuple

from lightning_synthaug.store.faults import damaged_shard

__all__ = [
    "MAX_LOG",
    "Block",
    "BlockKind",
    "first_block",
    "frame",
    "open_file",
    "read_from",
    "scan",
    "write_all",
]

MAX_LOG: Final = 1 << 30  # bytes; a log or journal is read whole, and writers begin another in time

MAGIC: Final = b"SAB1"
_MAGIC: Final = re.compile(re.escape(MAGIC))
_HEAD: Final = struct.Struct("<4sIII")
_COVERED: Final = struct.Struct("<II")
_ALIGN: Final = 8
_IN_VAIN: Final = 16  # times its own length that a scan may checksum without finding a block


class BlockKind(enum.IntEnum):
    """What a block holds."""

    HEADER = 1
    COMMIT = 2
    SEAL = 3
    NOTE = 4
    PLACES = 5


class Block(NamedTuple):
    """One whole block.

    Attributes:
        kind: What it holds; kinds that this version does not know are passed through.
        payload: Its content.
        end: Offset in the file behind it. Bytes.
    """

    kind: int
    payload: memoryview
    end: int

    @property
    def start(self) -> int:
        """Where the payload begins in the file. Bytes."""
        length = len(self.payload)
        return self.end - length - (-length % _ALIGN)


def frame(kind: BlockKind, payload: bytes) -> bytes:
    """Wrap a payload into a block.

    Example:
        >>> [bytes(block.payload) for block in scan(frame(BlockKind.NOTE, b"hello"))]
        [b'hello']
    """
    crc = zlib.crc32(payload, zlib.crc32(_COVERED.pack(kind, len(payload))))
    padding = b"\0" * (-(_HEAD.size + len(payload)) % _ALIGN)
    return b"".join([_HEAD.pack(MAGIC, kind, len(payload), crc), payload, padding])


def scan(data: bytes | memoryview, *, base: int = 0) -> list[Block]:
    """Find the whole blocks in the content of a file.

    Args:
        data: Content of the file from `base` on.
        base: Where the content begins in the file. Bytes, the end of a block.

    Returns:
        Blocks in the order of the file. Content made to look like many long blocks is given up
        before it costs more than a few readings of the whole.
    """
    view = memoryview(data)
    blocks: list[Block] = []
    at, patience = 0, _IN_VAIN * len(data)
    while 0 <= at <= len(data) - _HEAD.size and patience >= 0:
        block = _block_at(view, at, base)
        if block is None:
            length = _HEAD.unpack_from(view, at)[2]
            patience -= length if at + _HEAD.size + length <= len(data) else 0
            at = _next_magic(view, at + 1)
            continue
        blocks.append(block)
        at = block.end - base
    return blocks


def first_block(data: bytes | memoryview) -> Block | None:
    """Return the block that content begins with, None when there is no whole and right one."""
    return _block_at(memoryview(data), 0, 0) if len(data) >= _HEAD.size else None


def open_file(path: Path) -> int:
    """Open a file of the store for reading. Returns its descriptor.

    Raises:
        OSError: It cannot be opened.
        CacheCorrupt: It is no file: reading a pipe of that name would wait for ever.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise damaged_shard(path, "no regular file")
    return fd


def read_from(path: Path, start: int) -> memoryview:
    """Read a log or journal from an offset to its end, in a few large reads.

    Its memory is the system's again when nothing refers to it any more. The heap might keep it: each worker would hold
    as much as its longest log has.

    Raises:
        OSError: The file cannot be read.
        CacheCorrupt: It is no file, or longer than any that a store writes.
    """
    with os.fdopen(open_file(path), "rb", buffering=0) as file:
        if (length := os.fstat(file.fileno()).st_size) > MAX_LOG:
            raise damaged_shard(path, f"{length:,} bytes")
        content = memoryview(mmap.mmap(-1, max(length - start, 1)))
        file.seek(start)
        read = 0
        while more := file.readinto(content[read:]):
            read += more
        return content[:read].toreadonly()


def write_all(fd: int, data: bytes | memoryview, offset: int) -> None:
    """Write all of it at an offset; one call may write less than asked, on a full disk for one.

    Raises:
        OSError: Not everything could be written.
    """
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, offset)
        view, offset = view[written:], offset + written


def _block_at(view: memoryview, at: int, base: int) -> Block | None:
    """Read the block at an offset, None when there is no whole and right one."""
    magic, kind, length, crc = _HEAD.unpack_from(view, at)
    start, end = at + _HEAD.size, at + _HEAD.size + length
    if magic != MAGIC or end > len(view):
        return None
    payload = view[start:end]
    if zlib.crc32(payload, zlib.crc32(_COVERED.pack(kind, length))) != crc:
        return None
    return Block(kind, payload, base + end + (-end % _ALIGN))


def _next_magic(view: memoryview, at: int) -> int:
    """Find where the next block may begin, -1 when nowhere."""
    found = (match.start() for match in _MAGIC.finditer(view, at))
    return next((start for start in found if start % _ALIGN == 0), -1)
