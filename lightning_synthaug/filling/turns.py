"""One process of a node fills, the others poll and leave word: no collective is held while samples are made."""

from __future__ import annotations

import contextlib
import fcntl
import glob
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import final
from urllib.parse import quote

from lightning_synthaug.errors import CacheError, FillError
from lightning_synthaug.filling.telling import say
from lightning_synthaug.store.log import open_file

__all__ = ["Turns"]

#: Seconds between looks of a waiting rank, the first and the longest, and between its words.
_LOOK, _LONGEST_LOOK, _WORD = 0.1, 2.0, 60.0
#: Seconds without anybody who fills, after which a waiting rank gives up: as long as the collective operation that
#: would come next waits by default, so that a rank that is merely late is never taken for a lost one.
_ABSENT = 600.0
_LOADED = time.time()
_LONGEST_NOTE = 1 << 16


@final
class Turns:
    """Files in the store's folder: a lock that is held while samples are made; word of failure, damage and collapse.

    The system itself drops the lock of a process that dies, however it dies.

    Args:
        folder: The store's folder, seen by all ranks of the node.
        name: What is being filled, a lock and a note each.
    """

    def __init__(self, folder: Path, name: str) -> None:
        digest = hashlib.blake2b(name.encode(errors="surrogatepass"), digest_size=4).hexdigest()
        stem = f"fill-{quote(name, safe='', errors='replace')[:60]}-{digest}"
        self._folder, self._stem = folder, stem
        self._note = folder / f"{stem}.failed.json"
        self._collapse = folder / f"{stem}.collapsed.json"
        self._lock = folder / f"{stem}.lock"
        self._parent = os.getppid()

    @contextlib.contextmanager
    def filling(self) -> Iterator[None]:
        """Let the waiting ranks know that this one is at work, and of the error if one ends it."""
        fd = -1
        try:
            with contextlib.suppress(OSError):  # the store will say what is wrong with the folder
                self._lock.parent.mkdir(parents=True, exist_ok=True)
                fd = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
                fcntl.flock(fd, fcntl.LOCK_SH)  # shared: another run may fill the same cache
                self._note.unlink(missing_ok=True)
            yield
        except BaseException as error:
            self.failed(error)
            raise
        finally:
            if fd >= 0:
                fcntl.flock(fd, fcntl.LOCK_UN)  # closing alone leaves it to forked children
                os.close(fd)

    def failed(self, error: BaseException) -> None:
        """Leave word for the waiting ranks that filling ended in an error; where it cannot be left, nothing happens.

        Args:
            error: The error.
        """
        text = f"{type(error).__name__}: {error}"[:4000]
        self._write(
            self._note, json.dumps({"time": time.time(), "pid": os.getpid(), "error": text})
        )

    def spent(self) -> None:
        """Tell the waiting ranks that the budget leaves no room for more: they go on with what there is."""
        self._write(self._note, json.dumps({"time": time.time(), "spent": True}))

    def damaged(self, keys: Mapping[int, bytes]) -> None:
        """Leave word for the rank that fills that samples are damaged; where it cannot be left, nothing happens.

        Args:
            keys: Key in the store by identity.
        """
        text = json.dumps({str(identity): key.hex() for identity, key in keys.items()})
        name = f"{self._stem}.damaged-{os.getpid()}-{time.time_ns()}.json"
        self._write(self._folder / name, text)

    def take_damaged(self) -> dict[int, str]:
        """Collect the words of damage, and remove them.

        Returns:
            Key in the store, in hexadecimal, by identity, as other processes wrote them: to be checked.
        """
        told: dict[int, str] = {}
        for path in self._folder.glob(f"{glob.escape(self._stem)}.damaged-*.json"):
            with contextlib.suppress(OSError, ValueError, AttributeError, RecursionError):
                words = {int(i): str(key) for i, key in json.loads(path.read_text()).items()}
                told |= {i: key for i, key in words.items() if 0 <= i < 1 << 62}
            path.unlink(missing_ok=True)
        return told

    def collapsed(self) -> None:
        """Leave word that the source has collapsed; where it cannot be left, nothing happens."""
        self._write(self._collapse, json.dumps({"time": time.time(), "collapsed": True}))

    def has_collapsed(self) -> bool:
        """Tell whether there is word of a collapse."""
        return self._note_of("collapsed", self._collapse) is not None

    def forget_collapse(self) -> None:
        """Remove the word of a collapse."""
        with contextlib.suppress(OSError):
            self._collapse.unlink(missing_ok=True)

    @staticmethod
    def _write(path: Path, text: str) -> None:
        """Write a note whole or not at all."""
        part = path.with_suffix(f".{os.getpid()}.part")
        try:
            part.write_text(text)
            part.replace(path)
        except OSError:  # the disk is full, say: the error itself is what must be seen
            with contextlib.suppress(OSError):
                part.unlink()

    def wait(self, remaining: Callable[[], int]) -> None:
        """Poll until nothing remains.

        Args:
            remaining: Looks again and counts what is still missing.

        Raises:
            FillError: The rank that fills left word of an error, the process that started this one is gone, or nobody
                has been filling for ten minutes.
        """
        began = said = held = time.monotonic()
        pause = _LOOK
        while True:
            at_work = (
                self._at_work()
            )  # before the look: who stops between the two has stored everything
            if not (count := remaining()) or self._note_of("spent") is not None:
                return
            now = time.monotonic()
            held = now if at_work else held
            cause = None
            if (reason := self._note_of("error")) is not None:
                cause = f"its error: {reason}"
            elif os.getppid() != self._parent:
                cause = "none: the process that started this one has ended"
            elif now - held > _ABSENT:
                cause = f"none: nobody has been filling for {_ABSENT:.0f} s while {count:,} samples are missing"
            if cause is not None:
                raise FillError(
                    "SA502",
                    f"Another rank must fill the cache before the epoch begins, got {cause}. See that rank's own "
                    "output, mend the cause and resume.",
                )
            if now - said >= _WORD:
                said = now
                say(
                    f"waiting for another rank to make {count:,} samples ({now - began:.0f} s so far)"
                )
            time.sleep(pause)
            pause = min(1.5 * pause, _LONGEST_LOOK)

    def _at_work(self) -> bool:
        """Tell whether anybody is filling."""
        try:
            fd = os.open(self._lock, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError:
            return False
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # held; or a disk without locks, where nobody can be told absent
            return True
        finally:
            os.close(fd)
        return False

    def _note_of(self, kind: str, note: Path | None = None) -> str | None:
        """Read a note of some kind, if there is one newer than this process; its text is shown, never trusted."""
        try:
            with os.fdopen(open_file(note or self._note), "rb") as file:
                said = json.loads(file.read(_LONGEST_NOTE))
            stamp, text = said["time"], said[kind]
        except (OSError, CacheError, ValueError, KeyError, TypeError, RecursionError):
            return None
        return str(text)[:500] if isinstance(stamp, float) and stamp >= _started() else None


def _started() -> float:
    """Return when this process began, or where the system does not tell, when this module was loaded. Unix seconds."""
    with contextlib.suppress(OSError, ValueError, IndexError, AttributeError):
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        up = time.clock_gettime(time.CLOCK_BOOTTIME)
        return time.time() - up + ticks / os.sysconf("SC_CLK_TCK")
    return _LOADED
