"""Errors of the system and of SQLite, told in the store's words."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from lightning_synthaug.errors import CacheCorrupt, CacheError, CacheFull, CacheLocked

__all__ = ["corrupt_index", "damaged_shard", "index_faults", "write_faults"]

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
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
def index_faults(path: Path) -> Iterator[None]:
    """Turn an error of SQLite into one clear error.

    Raises:
        CacheFull: No space is left.
        CacheLocked: Another process held the index for too long.
        CacheError: The index cannot be opened or written.
        CacheCorrupt: The file is not an index, or is damaged.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        text = str(error).lower()
        if "malformed" in text:  # and what follows is quoted from the file
            raise corrupt_index(path, error) from error
        if "disk is full" in text or ("disk i/o" in text and _no_space(path)):
            raise _full(path.parent, error) from error
        if "locked" in text or "busy" in text:
            raise CacheLocked(
                "SA305",
                f"The index of a store must be free within 30 seconds, got {str(error)!r} for "
                f"{str(path)!r}. See which process holds it, and that it is on a local disk.",
            ) from error
        if "readonly" in text and os.access(path, os.W_OK):  # so says the header of the file
            raise corrupt_index(path, error) from error
        if "disk i/o" in text or any(word in text for word in _DENIED):
            raise _not_writable(path.parent, error) from error
        raise corrupt_index(path, error) from error
    except UnicodeDecodeError as error:
        raise corrupt_index(path, error) from error


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
