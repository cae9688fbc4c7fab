"""One shard opened for reading in one process: its mapping, and which rows are known to be right."""

from __future__ import annotations

import contextlib
import mmap
import os
import zlib
from pathlib import Path
from typing import Final, final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.data.record import Record
from lightning_synthaug.errors import CacheError
from lightning_synthaug.store.codec import columns_of, decode_fixed, decode_ragged
from lightning_synthaug.store.commit import ENTRIES_AT, parse_commit
from lightning_synthaug.store.entries import Entries
from lightning_synthaug.store.header import header_in, log_path, rows_path
from lightning_synthaug.store.log import BlockKind, open_file, read_from, scan

__all__ = ["OpenShard"]

_VERIFIED: Final = 1
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
        schema: Fields of each row.
        view: The data file.
    """

    def __init__(self, folder: Path, shard: int) -> None:
        self._log = log_path(folder, shard)
        data = read_from(self._log, 0)
        self._header = header_in(self._log, data)
        self.schema = self._header.schema
        self._stride = self.schema.stride
        self._map = _mapping(rows_path(folder, shard))
        self.view = memoryview(self._map or b"")
        self._reach = self._most = 0
        # Untouched pages take no memory, so a large shard of which few rows are read costs little.
        self._states = np.zeros(self._header.rows, np.uint8)
        self._state = self._states.data  # the same memory, faster for single rows
        self._entries = Entries(self._log)
        self._read_to = 0
        self._absorb(data)
        self._rows = self._table()
        #: Fields of fixed rows, in all rows of the file.
        self.columns = {} if self._rows is None else columns_of(self.schema, self._rows)
        self.look()

    def look(self) -> None:
        """See how long the data file is now; touching a mapping beyond its file is fatal."""
        self._reach = 0 if self._map is None else min(len(self._map), self._map.size())
        self._most = max(self._most, self._reach)

    def has(self, row: int) -> bool:
        """Tell whether a row is there and undamaged, as of the last `look`."""
        if not 0 <= row < len(self._state):
            return False
        if self._state[row] != _VERIFIED and not self._verify(row):
            return False
        return self.span(row)[1] <= self._reach

    def has_all(self, rows: npt.NDArray[np.int64]) -> bool:
        """Tell whether fixed rows are all verified already, as of the last `look`.

        Args:
            rows: Row numbers, >= 0. Shape `(n,)`.

        Returns:
            False also when it takes a closer look at each to know.
        """
        if self._reach < self._most:  # somebody cut the file short; what is verified was within it
            return False
        try:
            return self._states.take(rows).tobytes() == bytes([_VERIFIED]) * rows.size
        except IndexError:
            return False

    def take(
        self, rows: npt.NDArray[np.int64], out: npt.NDArray[np.void] | None = None
    ) -> npt.NDArray[np.void]:
        """Copy fixed rows that it `has`. Structured, of shape `(n,)`; or into `out`, bytes as long as a row."""
        if self._rows is None:
            return np.empty(0, self.schema.row_dtype)
        if out is None:
            return self._rows.take(rows)
        # NumPy would check the rows in a copy of the result; they are there.
        return self._rows.view(out.dtype).take(rows, out=out, mode="clip")

    def record(self, row: int) -> Record | None:
        """Decode one row that it `has`, None when its bytes make no record."""
        try:
            if self.schema.ragged:
                return decode_ragged(self.schema, bytes(self.bytes_of(row)))
            return decode_fixed(self.schema, self.take(np.array([row]))[0])
        except (
            ValueError,
            OverflowError,
        ):  # right by its checksum, and yet nothing that a store writes
            return None

    def close(self) -> None:
        """Let go of the mapping; arrays that were copied out of it stay."""
        self._rows = None
        self.columns = {}
        self._reach = 0
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

    def _table(self) -> npt.NDArray[np.void] | None:
        """View the mapping as fixed rows, None when there are none."""
        stride = self._stride
        if not stride or len(self.view) < stride:
            return None
        return np.frombuffer(self.view, self.schema.row_dtype, count=len(self.view) // stride)

    def _refresh(self) -> None:
        """Read what the log has more than at the last look. A missing log has nothing more."""
        with contextlib.suppress(OSError, CacheError, MemoryError):
            if self._log.stat().st_size > self._read_to:
                self._absorb(read_from(self._log, self._read_to))

    def _absorb(self, data: bytes) -> None:
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
        if end <= self._reach and zlib.crc32(self.view[start:end]) == entry.crc:
            self._state[row] = _VERIFIED
        return self._state[row] == _VERIFIED


def _mapping(path: Path) -> mmap.mmap | None:
    """Map a file for reading, None when it is empty."""
    fd = open_file(path)
    try:
        size = os.fstat(fd).st_size
        return mmap.mmap(fd, size, access=mmap.ACCESS_READ) if size else None
    finally:
        os.close(fd)
