"""What makes bytes of a file outlast a power cut, and what lets the disk begin with them early."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, cast

from lightning_synthaug.store.log import write_all

__all__ = ["sync", "sync_folder", "write_early"]

_BEGIN: Final = 2  # SYNC_FILE_RANGE_WRITE


def sync(fd: int) -> None:
    """Make the content of a file durable."""
    getattr(os, "fdatasync", os.fsync)(fd)


def sync_folder(folder: Path) -> None:
    """Make the names of new files durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write_early(fd: int, data: memoryview, offset: int) -> None:
    """Write all of it at an offset, and let the disk begin with it, where the system can.

    Nothing is durable by it: `sync` must follow, and has less to wait for when something was computed meanwhile.

    Raises:
        OSError: Not everything could be written.
    """
    write_all(fd, data, offset)
    if (
        _sync_file_range is not None
    ):  # a hint: what fails here fails in `sync` too, and is told there
        _sync_file_range(fd, offset, len(data), _BEGIN)


def _system_call() -> Callable[[int, int, int, int], int] | None:
    """Find `sync_file_range(2)`, which Linux alone has and Python does not.

    `posix_fadvise` would begin the writing too, and then drop from memory what readers are about to ask for.
    """
    call = getattr(ctypes.CDLL(None), "sync_file_range", None)
    if call is not None:
        call.argtypes = ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint
    return cast("Callable[[int, int, int, int], int] | None", call)


_sync_file_range: Final = _system_call()
