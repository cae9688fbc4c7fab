"""Who is at work: locks that the system itself drops when their process dies, however it dies."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from lightning_synthaug.errors import CacheLocked

__all__ = ["alone", "hold", "is_held", "let_go"]

_UPKEEP: Final = "upkeep.lock"


def hold(fd: int) -> None:
    """Mark a file as in use by this process; where the disk has no locks, nothing happens."""
    with contextlib.suppress(OSError):
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


def let_go(fd: int) -> None:
    """Take the mark off, also from copies of the descriptor that a fork left to children."""
    with contextlib.suppress(OSError):
        fcntl.flock(fd, fcntl.LOCK_UN)


def is_held(path: Path) -> bool:
    """Tell whether a living process marked a file; where that cannot be told, it counts as held."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(fd)
    return False


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Let one process at a time drop, compact or merge shards of a store. Reading and `put` go on.

    Raises:
        CacheLocked: Another process is doing so.
        OSError: The lock cannot be made.
    """
    fd = os.open(folder / _UPKEEP, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CacheLocked(
                "SA331",
                "One process at a time must drop, compact or merge the shards of a store, got another "
                f"one at work in {str(folder)!r}. Wait until it is done, and try again.",
            ) from error
        yield
    finally:
        let_go(fd)
        os.close(fd)
