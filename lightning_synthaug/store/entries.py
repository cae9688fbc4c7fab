"""Where the rows of one shard lie, read from its log when asked: memory for each commit, none for each row."""

from __future__ import annotations

import os
import weakref
from array import array
from bisect import bisect_right
from pathlib import Path
from typing import NamedTuple, final

from lightning_synthaug.store.commit import ENTRY, Commit, entry_in
from lightning_synthaug.store.log import open_file

__all__ = ["Entries", "RowEntry"]


class RowEntry(NamedTuple):
    """One row, as its commit has it.

    Attributes:
        offset: Where it begins in the data file. Bytes.
        length: Bytes.
        crc: Its checksum.
    """

    offset: int
    length: int
    crc: int

    @property
    def span(self) -> tuple[int, int]:
        """Where the row begins and ends. Bytes."""
        return self.offset, self.offset + self.length


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

    @property
    def rows(self) -> int:
        """The row behind the last one."""
        return self._first[-1] + self._count[-1] if self._first else 0

    def of(self, row: int) -> RowEntry | None:
        """Read the entry of a row.

        Args:
            row: Row number, >= 0.

        Returns:
            Its entry; None where no commit has it, or the log is no longer there as a whole.
        """
        place = bisect_right(self._first, row) - 1
        within = row - self._first[place] if place >= 0 else 0
        if place < 0 or within >= self._count[place] or not self.close.alive:
            return None
        size = ENTRY.itemsize
        try:
            data = os.pread(self._fd, size, self._at[place] + within * size)
        except OSError:
            return None
        return RowEntry(*entry_in(data)) if len(data) == size else None
