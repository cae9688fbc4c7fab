"""Where the rows of one shard lie, read from its log when asked: memory for each commit, next to none for each row."""

from __future__ import annotations

import os
import weakref
import zlib
from array import array
from bisect import bisect_right
from pathlib import Path
from typing import Final, final

from lightning_synthaug.store.commit import ENTRY, Commit, entry_in
from lightning_synthaug.store.log import open_file

__all__ = ["Entries"]

_SIZE: Final = ENTRY.itemsize
_TOGETHER: Final = 16  # entries that are read and checked at once


@final
class Entries:
    """Find the entries of rows.

    Args:
        path: The log.

    Raises:
        OSError: It cannot be opened.
        CacheCorrupt: It is no file.
    """

    def __init__(self, path: Path) -> None:
        self._fd = open_file(path)
        self._first = array("q")
        self._count = array("q")
        self._at = array("q")
        # Of the entries of each commit: the log may be changed after its blocks were checked.
        self._sums: list[array[int]] = []
        self.close = weakref.finalize(self, os.close, self._fd)

    def know(self, commit: Commit, at: int) -> None:
        """Keep where the entries of a commit are.

        Args:
            commit: A commit whose rows lie behind those of all before it; others are passed over, since no writer
                makes them.
            at: Where its entries begin in the log. Bytes.
        """
        if commit.first_row < self.rows or not len(commit.entries):
            return
        self._first.append(commit.first_row)
        self._count.append(len(commit.entries))
        self._at.append(at)
        data, step = commit.entries.tobytes(), _TOGETHER * _SIZE
        parts = (data[i : i + step] for i in range(0, len(data), step))
        self._sums.append(array("I", map(zlib.crc32, parts)))

    @property
    def rows(self) -> int:
        """The row behind the last one."""
        return self._first[-1] + self._count[-1] if self._first else 0

    def of(self, row: int) -> tuple[int, int, int] | None:
        """Read the entry of a row.

        Args:
            row: Row number, >= 0.

        Returns:
            Where it begins in the data file, its length, both in bytes, and its checksum; None where no commit has it,
            or the log no longer says what it said.
        """
        place = bisect_right(self._first, row) - 1
        within = row - self._first[place] if place >= 0 else 0
        if place < 0 or within >= self._count[place]:
            return None
        part = within // _TOGETHER
        first = part * _TOGETHER
        length = min(_TOGETHER, self._count[place] - first) * _SIZE
        try:  # a descriptor that was closed may be another file's by now
            data = os.pread(self._fd, length, self._at[place] + first * _SIZE)
        except OSError:
            return None
        if zlib.crc32(data) != self._sums[place][part]:
            return None
        return entry_in(data, (within - first) * _SIZE)
