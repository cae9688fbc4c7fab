"""One process of a node fills, the others poll and leave word: no collective is held while samples are made."""

from __future__ import annotations

import contextlib
import glob
import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, final
from urllib.parse import quote

from lightning_synthaug.errors import FillError
from lightning_synthaug.filling.say import say

__all__ = ["Turns"]

#: Seconds between looks of a waiting rank, and between its words.
_LOOK, _WORD = 0.1, 60.0


@final
class Turns:
    """Notes in the store's folder: of a failure, by the rank that fills, and of damage, by the others.

    Args:
        folder: The store's folder, seen by all ranks of the node.
        name: What is being filled, one note each.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._stem = folder, f"fill-{quote(name, safe='')}"
        self._note = folder / f"{self._stem}.failed.json"

    def failed(self, error: BaseException) -> None:
        """Leave word for the waiting ranks that filling ended in an error.

        Args:
            error: The error.
        """
        text = json.dumps(
            {"time": time.time(), "pid": os.getpid(), "error": f"{type(error).__name__}: {error}"}
        )
        self._write(self._note, text)

    def damaged(self, keys: Mapping[int, bytes]) -> None:
        """Leave word for the rank that fills that samples are damaged.

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
            with contextlib.suppress(OSError, ValueError, AttributeError):
                words = {int(i): str(key) for i, key in json.loads(path.read_text()).items()}
                told |= {i: key for i, key in words.items() if 0 <= i < 1 << 62}
            path.unlink(missing_ok=True)
        return told

    @staticmethod
    def _write(path: Path, text: str) -> None:
        """Write a note whole or not at all."""
        part = path.with_suffix(f".{os.getpid()}.part")
        part.write_text(text)
        part.replace(path)

    def wait(self, remaining: Callable[[], int]) -> None:
        """Poll until nothing remains.

        Args:
            remaining: Looks again and counts what is still missing.

        Raises:
            FillError: The rank that fills left word of an error, or the process that started this one is gone.
        """
        began = said = time.time()
        parent = os.getppid()
        while count := remaining():
            if (reason := self._reason(began)) is not None:
                raise FillError(
                    "SA502",
                    f"Another rank must fill the cache before the epoch begins, got its error: {reason}. See "
                    "that rank's own output, mend the cause and resume.",
                )
            if os.getppid() != parent:
                raise FillError(
                    "SA502",
                    "Another rank must fill the cache before the epoch begins, got none: the process that started this "
                    "one has ended. See its output, and resume.",
                )
            if time.time() - said >= _WORD:
                said = time.time()
                say(
                    f"waiting for another rank to make {count:,} samples ({said - began:.0f} s so far)"
                )
            time.sleep(_LOOK)

    def _reason(self, since: float) -> str | None:
        """Read the note, if it is newer than the wait; its text is shown, never trusted."""
        try:
            note: dict[Literal["time", "error"], object] = json.loads(self._note.read_text())
            stamp, error = note["time"], note["error"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return str(error)[:500] if isinstance(stamp, float) and stamp >= since - 5 else None
