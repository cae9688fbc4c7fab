"""Sounds of a folder, read where they are needed."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.errors import ConfigError, MissingDependency, install_hint

__all__ = ["ENDINGS", "SoundFolder", "soundfile"]

ENDINGS: Final = (".aif", ".aiff", ".flac", ".mp3", ".ogg", ".opus", ".wav")
"""How names of files of sound end."""


@final
class SoundFolder:
    """The sound files of a folder and of those in it, in the order of their names.

    Args:
        path: The folder; it is not looked at before the first sound is wanted.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = path

    @cached_property
    def names(self) -> list[str]:
        """List the files, the same on every machine.

        Raises:
            ConfigError: There are none (SA215).
        """
        folder = Path(self.path)
        found = [p for p in folder.rglob("*") if p.suffix.lower() in ENDINGS]
        if not found:
            endings = ", ".join(ENDINGS)
            msg = f"A folder must hold sound files ({endings}), got none in {str(self.path)!r}. Check the path."
            raise ConfigError("SA215", msg)
        return sorted(p.relative_to(folder).as_posix() for p in found)

    def read(
        self, rng: np.random.Generator, *, seconds: float | None = None
    ) -> tuple[npt.NDArray[np.float32], int]:
        """Read one of the files, all channels as one.

        Args:
            rng: Chooses the file, and the part of it.
            seconds: Length of the part wanted, or None for the whole file. A shorter file is read whole.

        Returns:
            Samples of shape `(n,)`, and their rate in hertz.

        Raises:
            MissingDependency: soundfile is not installed (SA833).
        """
        name = self.names[int(rng.integers(len(self.names)))]
        with soundfile().SoundFile(Path(self.path, name)) as file:
            wanted = file.frames if seconds is None else int(np.ceil(seconds * file.samplerate))
            file.seek(int(rng.integers(max(0, file.frames - wanted) + 1)))
            read = file.read(min(wanted, file.frames), dtype="float32", always_2d=True)
            return read.mean(axis=1), int(file.samplerate)


def soundfile() -> Any:
    """Import the library that reads and writes files of sound.

    Raises:
        MissingDependency: It is not installed (SA833).
    """
    try:
        import soundfile as library
    except ImportError as error:
        msg = f"Files of sound need soundfile, got {error}. {install_hint('audio')}"
        raise MissingDependency("SA833", msg) from error
    return library
