"""The file of a ledger: lines of JSON, each whole and checked or not there; appended by one writer."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, final

from lightning_synthaug.errors import ConfigError

__all__ = ["LedgerFile", "ledger_path", "read_lines"]

#: Longest line that is read. Bytes.
_LONGEST: Final = 1 << 28
#: Seconds to wait for another writer: children of one that was killed hold its lock until they notice.
_PATIENCE: Final = 10.0
_HEAD: Final = b'{"crc":"'
#: Where the checksum ends, and what it is of begins.
_BODY: Final = len(_HEAD) + 8 + 2


def ledger_path(folder: Path, rank: int) -> Path:
    """Name the file of one rank.

    Args:
        folder: Folder of the ledger.
        rank: The rank.
    """
    return folder / f"ledger-{rank}.jsonl"


@final
class LedgerFile:
    """Append to the file of one rank. Nothing is opened before the first line is.

    Args:
        path: The file; its folder is made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        #: Whether a line could not be written: nothing after it is, or its batches would seem never to have been.
        self.lost = False
        self._fd = -1
        self._pid = os.getpid()

    def open(self) -> None:
        """Open the file, if it is not.

        Raises:
            ConfigError: It cannot be written, or another process writes it (SA660).
        """
        if self._fd >= 0:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise _unwritable(self.path, f"{type(error).__name__}: {error}") from error
        try:
            _lock(fd)
            size = os.fstat(fd).st_size
            if size and os.pread(fd, 1, size - 1) != b"\n":
                os.write(fd, b"\n")  # what a killed writer left is no line
        except OSError as error:
            os.close(fd)
            got = "another process that writes it"
            if not isinstance(error, BlockingIOError):
                got = f"{type(error).__name__}: {error}"
            raise _unwritable(self.path, got) from error
        self._fd, self._pid = fd, os.getpid()

    def append(self, lines: Iterable[Mapping[str, Any]]) -> None:
        """Append lines. When it returns, the end of this process does not lose them; a power cut may.

        Args:
            lines: Plain types.

        Raises:
            OSError: They cannot be written; readers skip a line that is cut short.
        """
        self.open()
        data = b"".join(map(_line, lines))
        while data:
            data = data[os.write(self._fd, data) :]

    def close(self) -> None:
        """Let another process write. Safe to call twice; a forked child leaves its parent's file alone."""
        fd, self._fd = self._fd, -1
        if fd < 0 or self._pid != os.getpid():
            return
        with contextlib.suppress(OSError):
            fcntl.flock(fd, fcntl.LOCK_UN)  # closing alone leaves it to forked children
        os.close(fd)


def read_lines(path: Path) -> Iterator[dict[str, Any] | None]:
    """Read a ledger's file, trusting nothing.

    Args:
        path: The file.

    Yields:
        What was written, in order; None for each line that is not as it was written.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        while line := file.readline(_LONGEST):
            if line.strip():
                yield _parse(line)


def _line(content: Mapping[str, Any]) -> bytes:
    """Write a line, with a checksum in front."""
    body = json.dumps(content, separators=(",", ":")).encode()
    return b'%s%08x",%s\n' % (_HEAD, zlib.crc32(body), body[1:])


def _parse(line: bytes) -> dict[str, Any] | None:
    """Read a line, if it is as it was written."""
    body = b"{" + line[_BODY:].rstrip(b"\n")
    if line[:_BODY] != b'%s%08x",' % (_HEAD, zlib.crc32(body)):
        return None
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _lock(fd: int) -> None:
    """Keep other writers out; where the disk has no locks, nobody is."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        except OSError:
            return
        else:
            return


def _unwritable(path: Path, got: str) -> ConfigError:
    """Make the error."""
    return ConfigError(
        "SA660",
        f"`ledger` must be a folder that this run alone can write to, got {got} for {str(path)!r}. Choose another "
        "folder for each run, or end the other run.",
    )
