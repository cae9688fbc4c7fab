"""One shard while it is being written: by one process, and by no other ever after."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import time
from pathlib import Path
from typing import Final, final

import numpy as np

from lightning_synthaug.store.budget import ShardSize
from lightning_synthaug.store.codec import Encoded, checksums
from lightning_synthaug.store.commit import ENTRY, Commit, pack_commit
from lightning_synthaug.store.durable import sync, sync_folder, write_early
from lightning_synthaug.store.header import ShardHeader, log_path, rows_path
from lightning_synthaug.store.holding import hold, let_go
from lightning_synthaug.store.log import MAX_LOG, BlockKind, frame, write_all
from lightning_synthaug.store.schema import Schema

__all__ = ["ShardWriter", "new_id"]

_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


def new_id() -> int:
    """Draw a random id for a file; 63 bits from the system, no seed of any run is touched."""
    return secrets.randbits(63)


@final
class ShardWriter:
    """Append rows to a new shard, each batch durable before it is referred to.

    The data file has its full length from the start (without taking space), so that readers map it
    once. A batch goes to the data file, which is synced; then a block with its keys and checksums
    goes to the log, which is synced. A kill at any moment leaves a tail that nobody refers to.

    Args:
        folder: Folder of the store.
        schema: Fields of each row.
        limits: How much it holds.

    Raises:
        OSError: The files cannot be made; none is left behind.

    Attributes:
        shard: Shard id.
        schema: Fields of each row.
        created: When it was begun, or its oldest row was first written. Nanoseconds since 1970.
        rows: Rows committed.
        used: Bytes of the data file in use.
        logged: Length of the log. Bytes.
        broken: Whether a write to the log did not come to its end; nothing may be appended any
            more, because a reader may have seen rows that would be written again.
    """

    def __init__(self, folder: Path, schema: Schema, limits: ShardSize) -> None:
        self.shard = new_id()
        self._folder = folder
        self.schema = schema
        self.created = time.time_ns()
        self._header = ShardHeader(self.shard, schema, limits.rows, limits.size)
        self.rows = self.used = self.logged = 0
        self.broken = False
        self._fds: list[int] = []
        self._made: list[Path] = []
        try:
            self._create(limits.size)
        except BaseException:
            self._discard()
            raise

    def room(self, encoded: Encoded, start: int) -> int:
        """Count how many rows, from one on, still fit; none when the log has become long."""
        if self.logged > MAX_LOG // 2:
            return 0
        free_rows = min(self._header.rows - self.rows, len(encoded.lengths) - start)
        ends = np.cumsum(encoded.lengths[start : start + free_rows])
        return int(np.searchsorted(ends, self._header.size - self.used, side="right"))

    def append(
        self, encoded: Encoded, keys: list[bytes], provenance: bytes, *, stamp: int | None = None
    ) -> int:
        """Write rows and make them durable.

        Args:
            encoded: Rows, no more than `room`.
            keys: Key of each row. 16 bytes each.
            provenance: JSON text for the commit.
            stamp: When the rows were first written, if not now. Nanoseconds since 1970.

        Returns:
            The row of the first one.

        Raises:
            OSError: They could not be written, or somebody deleted the files. Nothing refers to
                what was written.
        """
        for fd, path in zip(self._fds, self._made, strict=True):
            if not os.fstat(fd).st_nlink:  # writes would go on without error, and be lost
                raise FileNotFoundError(errno.ENOENT, "it was deleted while it was open", str(path))
        data = self._fds[0]
        write_early(data, encoded.data, self.used)
        entries = np.zeros(len(keys), ENTRY)
        entries["key"] = np.frombuffer(b"".join(keys), "V16")
        entries["length"] = encoded.lengths
        entries["offset"] = self.used + np.cumsum(encoded.lengths) - encoded.lengths
        entries["crc"] = checksums(encoded)
        first = self.rows
        written = time.time_ns() if stamp is None else stamp
        self.created = min(self.created, written)
        commit = Commit(first, written, entries, provenance)
        block = frame(BlockKind.COMMIT, pack_commit(commit))
        sync(data)  # only now: the disk was busy with the rows while their checksums were computed
        self.broken = True  # until all of this is done: an interrupt may come between any two lines
        self._log(block)
        self.rows += len(keys)
        self.used += len(encoded.data)
        self.broken = False
        return first

    def seal(self) -> None:
        """Give back the unused length and close; a shard without rows disappears.

        Never fails: what is committed stays readable whether or not the seal gets written. A broken
        one stays as it is, because a reader may have seen a row more than were counted.
        """
        if not self.rows and not self.broken:
            self._discard()
            return
        with contextlib.suppress(OSError):
            if not self.broken:
                os.ftruncate(self._fds[0], self.used)
                self._log(frame(BlockKind.SEAL, b"{}"))
        self._close()

    def _create(self, size: int) -> None:
        """Make the files; the log appears under its name only when its header is whole."""
        log = log_path(self._folder, self.shard)
        self._open(rows_path(self._folder, self.shard))
        os.ftruncate(self._fds[0], size)
        self._open(log.with_suffix(".new"))
        hold(self._fds[1])
        self._log(self._header.block())
        self._made[1] = log.with_suffix(".new").rename(log)
        sync_folder(self._folder)

    def _open(self, path: Path) -> None:
        """Create one file."""
        self._fds.append(os.open(path, _FLAGS, 0o644))
        self._made.append(path)

    def _log(self, block: bytes) -> None:
        """Append a block to the log, durably."""
        write_all(self._fds[1], block, self.logged)
        sync(self._fds[1])
        self.logged += len(block)

    def _discard(self) -> None:
        """Remove the files of a shard that has no rows."""
        for path in reversed(self._made):  # the log first: without it nothing looks for the rows
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
        self._close()

    def _close(self) -> None:
        """Close the files."""
        while self._fds:
            fd = self._fds.pop()
            let_go(fd)
            os.close(fd)
