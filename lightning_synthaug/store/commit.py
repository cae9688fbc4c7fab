"""The block that makes a batch of rows exist: keys, places, checksums and provenance."""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from lightning_synthaug.store.header import ShardHeader

__all__ = ["ENTRIES_AT", "ENTRY", "Commit", "entry_in", "pack_commit", "parse_commit"]

# 32 bytes a row, little-endian; V16 because S16 would drop the zeros at the end of a key.
ENTRY: Final = np.dtype([("key", "V16"), ("offset", "<u8"), ("length", "<u4"), ("crc", "<u4")])
_HEAD: Final = struct.Struct("<QQI4x")  # first row, nanoseconds since 1970, rows
ENTRIES_AT: Final = _HEAD.size  # where they begin in the payload; bytes
_PLACE: Final = struct.Struct("<16xQII")
_MOST_STAMP: Final = (1 << 63) - 1  # what SQLite holds; it comes in the year 2262


class Commit(NamedTuple):
    """One committed batch.

    Attributes:
        first_row: Row of the first entry.
        stamp: When it was written, for the order of commits. Nanoseconds since 1970.
        entries: One `ENTRY` a row.
        provenance: JSON text (see `provenance.pack`).
    """

    first_row: int
    stamp: int
    entries: npt.NDArray[np.void]
    provenance: bytes

    def keys(self) -> list[bytes]:
        """Return the key of each row."""
        data = np.ascontiguousarray(self.entries["key"]).tobytes()
        return [data[i : i + 16] for i in range(0, len(data), 16)]


def entry_in(data: bytes, at: int) -> tuple[int, int, int]:
    """Read offset, length and checksum of the `ENTRY` that begins at a place."""
    offset, length, crc = _PLACE.unpack_from(data, at)
    return offset, length, crc


def pack_commit(commit: Commit) -> bytes:
    """Turn a commit into the payload of a block."""
    head = _HEAD.pack(commit.first_row, commit.stamp, len(commit.entries))
    return b"".join([head, commit.entries.tobytes(), commit.provenance])


def parse_commit(payload: memoryview, header: ShardHeader) -> Commit | None:
    """Read a commit that may have been tampered with.

    Args:
        payload: Payload of a commit block.
        header: Header of the shard, which bounds rows and places.

    Returns:
        The commit, None when it refers to anything outside its shard, or no clock could have stamped it.
    """
    if len(payload) < _HEAD.size:
        return None
    first_row, stamp, count = _HEAD.unpack_from(payload)
    end = _HEAD.size + count * ENTRY.itemsize
    if end > len(payload) or first_row + count > header.rows or stamp > _MOST_STAMP:
        return None
    entries = np.frombuffer(payload, ENTRY, count=count, offset=_HEAD.size)
    ends = entries["offset"] + entries["length"].astype(np.uint64)
    if count and (int(ends.max()) > header.size or int(entries["offset"].max()) > header.size):
        return None
    if not header.schema.ragged and not _on_grid(entries, first_row, header.schema.stride):
        return None
    return Commit(first_row, stamp, entries, bytes(payload[end:]))


def _on_grid(entries: npt.NDArray[np.void], first_row: int, stride: int) -> bool:
    """Check that fixed rows lie where their numbers say."""
    rows = np.arange(first_row, first_row + len(entries), dtype=np.uint64)
    placed = entries["offset"] == rows * np.uint64(stride)
    return bool((placed & (entries["length"] == stride)).all())
