"""Real samples on their way to a producer that cannot have the dataset: a file each, in a folder of the run."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, final

from lightning_synthaug.data import Record
from lightning_synthaug.store import pack_record, unpack_record

__all__ = ["TwinBox"]

#: Seconds between looks for a sample that is not there yet, and between words about that.
_LOOK: Final = 0.02
_WORD: Final = 5.0


@final
class TwinBox:
    """Takes the place of the dataset in what a producer is told. Whoever reads batches puts samples in.

    Args:
        folder: A folder that only this user can read.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        #: Called every few seconds by `record` while it waits.
        self.waiting: Callable[[], object] = _nothing

    @classmethod
    def new(cls) -> TwinBox:
        """Make one in a new folder for temporary files."""
        return cls(tempfile.mkdtemp(prefix="synthaug-twins-"))

    def put(self, index: int, record: Record) -> None:
        """Put a sample in; it is there as a whole or not at all.

        Args:
            index: Its index in the dataset.
            record: Its content.
        """
        part = self._path(index).with_suffix(f".{os.getpid()}")
        with contextlib.suppress(FileNotFoundError):  # the run ended, and its folder with it
            part.write_bytes(pack_record(record))
            part.replace(self._path(index))

    def record(self, index: int) -> Record:
        """Read a sample, waiting until it is there.

        Args:
            index: Its index in the dataset.
        """
        said = time.monotonic()
        while True:
            with contextlib.suppress(FileNotFoundError):
                return unpack_record(self._path(index).read_bytes())
            if time.monotonic() - said > _WORD:
                said = time.monotonic()
                self.waiting()
            time.sleep(_LOOK)

    def holds(self, index: int) -> bool:
        """Tell whether a sample is there.

        Args:
            index: Its index in the dataset.
        """
        return self._path(index).exists()

    def drop(self, index: int) -> None:
        """Take a sample out that is not needed any more.

        Args:
            index: Its index in the dataset.
        """
        self._path(index).unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, index: int) -> Path:
        return Path(self.folder, str(index))


def _nothing() -> None:
    """Do nothing."""
