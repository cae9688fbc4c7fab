"""Errors of the system and of SQLite, told in the store's words."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, final

from lightning_synthaug.errors import CacheCorrupt, CacheError, CacheFull, CacheLocked

__all__ = ["IndexFaults", "corrupt_index", "damage_passed_over", "damaged_shard", "write_faults"]

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_SCARCE: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})
_NO_SPACE: Final = 1 << 16  # bytes; SQLite reports some full disks as "disk I/O error"
_DENIED: Final = ("readonly", "unable to open", "authorization", "access permission")


@contextlib.contextmanager
def write_faults(folder: Path) -> Iterator[None]:
    """Turn a failure to write a file of the store into one clear error.

    Raises:
        CacheFull: No space is left, or the file may not grow.
        CacheError: It cannot be written for another reason.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise _full(folder, error) from error
        raise _not_writable(folder, error) from error


@contextlib.contextmanager
def damage_passed_over(path: Path) -> Iterator[None]:
    """Pass over what is raised about files that are missing or damaged, so that their samples are made again.

    Args:
        path: What is read.

    Raises:
        CacheError: This process has run out of files or memory, which says nothing about the samples.
    """
    try:
        yield
    except (OSError, CacheError, ValueError, MemoryError) as error:
        if isinstance(error, MemoryError) or getattr(error, "errno", None) in _SCARCE:
            raise CacheError(
                "SA336",
                "A process must have files and memory left to read its store, got "
                f"{str(error) or 'no memory'!r} for {str(path)!r}. Allow it more open files with "
                "`ulimit -n`, close files that it keeps open, or let it use fewer workers or less memory.",
            ) from error


@final
class IndexFaults:
    """Turn an error of SQLite into one clear error: a context that may be entered again and again.

    A class, since it is around every look at the index, and a generator would be half of its time.

    Args:
        path: The index.

    Raises:
        CacheFull: No space is left.
        CacheLocked: Another process held the index for too long.
        CacheError: The index cannot be opened or written.
        CacheCorrupt: The file is not an index, or is damaged.
    """

    __slots__ = ("_path",)

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        """Nothing is to be done."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Raise another error in place of one of SQLite's."""
        if isinstance(error, sqlite3.DatabaseError | UnicodeDecodeError):
            raise _index_fault(self._path, error) from error


def _index_fault(path: Path, error: sqlite3.DatabaseError | UnicodeDecodeError) -> CacheError:
    """Tell what an error of SQLite means; where it means nothing else, the index is damaged."""
    text = str(error).lower()
    if isinstance(error, UnicodeDecodeError) or "malformed" in text:  # the rest quotes the file
        return corrupt_index(path, error)
    if "disk is full" in text or ("disk i/o" in text and _no_space(path)):
        return _full(path.parent, error)
    if "locked" in text or "busy" in text:
        return CacheLocked(
            "SA305",
            f"The index of a store must be free within 30 seconds, got {str(error)!r} for "
            f"{str(path)!r}. See which process holds it, and that it is on a local disk.",
        )
    if "readonly" in text and os.access(path, os.W_OK):  # so says the header of the file
        return corrupt_index(path, error)
    if "disk i/o" in text or any(word in text for word in _DENIED):
        return _not_writable(path.parent, error)
    return corrupt_index(path, error)


def corrupt_index(path: Path, cause: object) -> CacheCorrupt:
    """Build the error about an index that is not as the store wrote it."""
    return CacheCorrupt(
        "SA303",
        f"The index of a store must be as the store wrote it, got {str(cause)!r} in {str(path)!r}. "
        "Make it anew from the shards with `synthaug cache rebuild`, or `Store.open(path, rebuild=True)`.",
    )


def damaged_shard(path: Path, cause: object) -> CacheCorrupt:
    """Build the error about a file of a shard that is not as the store wrote it."""
    return CacheCorrupt(
        "SA304",
        f"A shard must be as the store wrote it, got {str(cause)!r} in {str(path)!r}. Run `synthaug "
        "cache rebuild`, or `Store.open(path, rebuild=True)`, which set the shard aside; its samples "
        "are made again.",
    )


def _no_space(path: Path) -> bool:
    """Check whether the disk is full."""
    with contextlib.suppress(OSError):
        return shutil.disk_usage(path.parent).free < _NO_SPACE
    return False


def _full(folder: Path, cause: BaseException) -> CacheFull:
    """Build the error about a full disk."""
    return CacheFull(
        "SA306",
        f"The disk must have room for new samples, got {str(cause)!r} in {str(folder)!r}. Samples "
        "that were stored before stay readable. Free some space, or ask for fewer samples with "
        "`pool=`.",
    )


def _not_writable(folder: Path, cause: BaseException) -> CacheError:
    """Build the error about a folder that cannot be used."""
    return CacheError(
        "SA301",
        f"The folder of a store must be one that can be written to, got {str(cause)!r} for "
        f"{str(folder)!r}. Choose another folder with `cache=`, or mend its permissions.",
    )
