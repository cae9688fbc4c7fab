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
from lightning_synthaug.errors import CacheError
from lightning_synthaug.store.codec import decode_fixed, decode_ragged
from lightning_synthaug.store.commit import ENTRIES_AT, parse_commit
from lightning_synthaug.store.entries import Entries
from lightning_synthaug.store.header import header_in, log_path, rows_path
from lightning_synthaug.store.log import BlockKind, open_file, read_from, scan

__all__ = ["VERIFIED", "OpenShard"]

VERIFIED: Final = 1
_NOWHERE: Final = (1 << 62, 1 << 62)


@final
class OpenShard:
    """Read rows of one shard, checking each row's checksum once.

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
        fd: Descriptor of the data file.
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
        self.fd = open_file(rows_path(folder, shard))
        self._close = weakref.finalize(self, os.close, self.fd)
        size = os.fstat(self.fd).st_size
        self._map = mmap.mmap(self.fd, size, access=mmap.ACCESS_READ) if size else None
        self.view = memoryview(self._map or b"")
        self.need = self._reach = 0
        self.states = np.zeros(self._header.rows, np.uint8)
        self._state = self.states.data  # the same memory, faster for single rows
        self._entries = Entries(self._log)
        self._read_to = 0
        self._absorb(data)
        self.look()

    def look(self) -> None:
        """See how long the data file is now; touching a mapping beyond its file is fatal."""
        self._reach = min(len(self.view), os.lseek(self.fd, 0, os.SEEK_END))
        if self._reach < self.need:  # somebody cut it short; what was verified may be gone
            self.states[:] = self.need = 0

    def has(self, row: int) -> bool:
        """Tell whether a row is there and undamaged, as of the last `look`."""
        if not 0 <= row < len(self._state):
            return False
        return self._state[row] == VERIFIED or self._verify(row)

    def record(self, row: int) -> Record | None:
        """Decode one row that it `has`, None when its bytes make no record."""
        try:
            if self.schema.ragged:
                return decode_ragged(self.schema, bytes(self.bytes_of(row)))
            rows = np.frombuffer(self.bytes_of(row), self.schema.row_dtype)
            return decode_fixed(self.schema, rows[0])
        except (
            ValueError,
            OverflowError,
        ):  # right by its checksum, and yet nothing that a store writes
            return None

    def close(self) -> None:
        """Let go of the mapping; arrays that were copied out of it stay."""
        self._reach = 0
        self._close()
        self._entries.close()
        with contextlib.suppress(BufferError):
            self.view.release()
            if self._map is not None:
                self._map.close()

    def bytes_of(self, row: int) -> memoryview:
        """View the bytes of one row that it `has`."""
        start, end = self.span(row)
        return self.view[start:end]

    def span(self, row: int) -> tuple[int, int]:
        """Return where a row begins and ends in the data file."""
        if self._stride:
            return row * self._stride, (row + 1) * self._stride
        entry = self._entries.of(row)
        return _NOWHERE if entry is None else entry.span

    def _refresh(self) -> None:
        """Read what the log has more than at the last look. A missing log has nothing more."""
        with contextlib.suppress(OSError, CacheError, MemoryError):
            if self._log.stat().st_size > self._read_to:
                self._absorb(read_from(self._log, self._read_to))

    def _absorb(self, data: memoryview) -> None:
        """Take in the commits in a part of the log that begins where the last block ended."""
        for block in scan(data, base=self._read_to):
            self._read_to = block.end
            commit = None
            if block.kind == BlockKind.COMMIT:
                commit = parse_commit(block.payload, self._header)
            if commit is not None:
                self._entries.know(commit, block.start + ENTRIES_AT)

    def _verify(self, row: int) -> bool:
        """Check the checksum of a row; one that fails is looked at again the next time."""
        if row >= self._entries.rows:
            self._refresh()
        entry = self._entries.of(row)
        if entry is None:
            return False
        start, end = self.span(row) if self._stride else entry.span
        if end > self._reach or zlib.crc32(self.view[start:end]) != entry.crc:
            return False
        self.need = max(self.need, end)
        self._state[row] = VERIFIED
        return True
