"""One shard opened for reading in one process: its mapping, and which rows are known to be right."""

from __future__ import annotations

import contextlib
import mmap
import os
import weakref
import zlib
from pathlib import Path
from typing import Final, final

import numpy as np

from lightning_synthaug.data.record import Record
from lightning_synthaug.store.codec import decode_fixed, decode_ragged
from lightning_synthaug.store.commit import ENTRIES_AT, parse_commit
from lightning_synthaug.store.entries import Entries
from lightning_synthaug.store.faults import damage_passed_over, damaged_shard
from lightning_synthaug.store.header import header_in, log_path, rows_path
from lightning_synthaug.store.log import BlockKind, open_file, read_from, scan

__all__ = ["VERIFIED", "OpenShard"]

VERIFIED: Final = 1
_Place = tuple[slice, int]  # where the bytes of a row are, and their checksum


@final
class OpenShard:
    """Read rows of one shard, checking each row's checksum once.

    It takes three descriptors, of its log, of its data file and of the mapping, closed when nothing refers to it any
    more.

    Args:
        folder: Folder of the store.
        shard: Shard id.

    Raises:
        OSError: A file is missing or cannot be read.
        CacheError: The header is damaged, tampered with or of a later format.

    Attributes:
        shard: Shard id.
        schema: Fields of each row.
        view: The data file.
        fd: Descriptor of the data file; to ask it for the length takes half as long as to ask the mapping.
        need: How long it was to hold the rows that are verified. Bytes.
        states: `VERIFIED` for each row whose checksum was right. Untouched pages take no memory, so a large shard of
            which few rows are read costs little.
    """

    def __init__(self, folder: Path, shard: int) -> None:
        self.shard = shard
        self._log = log_path(folder, shard)
        data = read_from(self._log, 0)
        self._header = header_in(self._log, data)
        self.schema = self._header.schema
        self._stride = self.schema.stride
        self._path = rows_path(folder, shard)
        self.fd = open_file(self._path)
        self._close = weakref.finalize(self, os.close, self.fd)
        # No more than the rows take: somebody's long file without content would use up the addresses of a process.
        size = min(os.fstat(self.fd).st_size, self._header.size)
        self._map = mmap.mmap(self.fd, size, access=mmap.ACCESS_READ) if size else None
        self.view = memoryview(self._map or b"")
        self.need = self._reach = 0
        self.states = np.zeros(self._header.rows, np.uint8)
        self._state = self.states.data  # the same memory, faster for single rows
        self._entries = Entries(self._log)
        self._read_to = self._seen = 0
        self._absorb(data)
        self.look()

    def look(self) -> None:
        """See how long the data file is now; touching a mapping beyond its file is fatal."""
        self._reach = min(len(self.view), os.lseek(self.fd, 0, os.SEEK_END))
        if self._reach < self.need:  # somebody cut it short; what was verified may be gone
            self.states[:] = self.need = 0

    def require(self, need: int) -> None:
        """Check just before the mapping is touched that the data file still has what it had.

        Args:
            need: How long it was. Bytes.

        Raises:
            CacheCorrupt: Somebody cut it short.
        """
        size = os.lseek(self.fd, 0, os.SEEK_END)
        if size < need:
            raise damaged_shard(self._path, f"{size:,} bytes, which were {need:,} a moment ago")

    def has(self, row: int) -> bool:
        """Tell whether a row is there and undamaged, as of the last `look`."""
        if not 0 <= row < len(self._state):
            return False
        if self._state[row] == VERIFIED:
            return True
        place = self._find(row)
        if place is None or zlib.crc32(self.view[place[0]]) != place[1]:
            return False  # it is looked at again the next time
        self.need = max(self.need, place[0].stop)
        self._state[row] = VERIFIED
        return True

    def record(self, row: int) -> Record | None:
        """Decode one row, None when it is missing or damaged as of the last `look`, or its bytes make no record."""
        try:
            if not self.has(row):
                return None
            if self.schema.ragged:
                place = self._find(row)
                return place and decode_ragged(self.schema, bytes(self.view[place[0]]))
            at = row * self._stride
            rows = np.frombuffer(self.view[at : at + self._stride], self.schema.row_dtype)
            return decode_fixed(self.schema, rows[0])
        except (ValueError, OverflowError):
            # Right by its checksum, and yet nothing that a store writes.
            return None

    def copied(self, row: int) -> bytes | None:
        """Copy the bytes of one row, and check the copy: None when it is missing or damaged as of the last `look`."""
        place = self._find(row) if 0 <= row < len(self._state) else None
        if place is None:
            return None
        data = bytes(self.view[place[0]])
        return data if zlib.crc32(data) == place[1] else None

    def close(self) -> None:
        """Let go of the mapping; arrays that were copied out of it stay."""
        self._reach = 0
        self._close()
        self._entries.close()
        with contextlib.suppress(BufferError):
            self.view.release()
            if self._map is not None:
                self._map.close()

    def _find(self, row: int) -> _Place | None:
        """Find a row in its commit; None where none has it, or it lies beyond the data file."""
        if row >= self._entries.rows:
            self._refresh()
        entry = self._entries.of(row)
        if entry is None:
            return None
        start, length, crc = entry
        end = start + length
        return None if end > self._reach else (slice(start, end), crc)

    def _refresh(self) -> None:
        """Read what the log has more than at the last look. A missing log has nothing more."""
        with damage_passed_over(self._log):
            size = self._log.stat().st_size
            if size > self._read_to and size != self._seen:
                data = read_from(self._log, self._read_to)
                self._seen = size
                self._absorb(data)

    def _absorb(self, data: memoryview) -> None:
        """Take in the commits in a part of the log that begins where the last block ended."""
        for block in scan(data, base=self._read_to):
            self._read_to = block.end
            commit = None
            if block.kind == BlockKind.COMMIT:
                commit = parse_commit(block.payload, self._header)
            if commit is not None:
                self._entries.know(commit, block.start + ENTRIES_AT)
