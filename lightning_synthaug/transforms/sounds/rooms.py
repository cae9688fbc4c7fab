"""Rooms that a sound is heard in."""

from __future__ import annotations

from abc import abstractmethod
from functools import lru_cache
from pathlib import Path
from typing import Any, final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.errors import MissingDependency
from lightning_synthaug.transforms.sounds.base import Range, Sound, SoundTransform, drawn, within
from lightning_synthaug.transforms.sounds.files import SoundFolder
from lightning_synthaug.transforms.sounds.spectrum import convolved, resampled

__all__ = ["ImpulseResponse", "SimulatedRoom"]


class _Reverberation(SoundTransform):
    """Hear a sound in a room, as loud as it was."""

    def __init__(self, *, wet: Range = (0.3, 1.0), p: float = 1.0) -> None:
        super().__init__(p=p)
        self.wet = within("wet", wet, 0.0, 1.0)

    def change(self, sound: Sound, rate: float, rng: np.random.Generator) -> Sound:
        """Convolve a sound with the room's response."""
        wet = np.float32(drawn(self.wet, rng))
        heard = _as_loud(convolved(sound, self.response(rate, rng)), sound)
        return _as_loud(wet * heard + (1 - wet) * sound, sound)

    @abstractmethod
    def response(self, rate: float, rng: np.random.Generator) -> npt.NDArray[Any]:
        """Choose an impulse response at a rate, shape `(m,)`."""


@final
class ImpulseResponse(_Reverberation):
    """Hear a sound in a room that was measured: a folder of impulse responses.

    Args:
        folder: Folder with sound files, an impulse response each.
        wet: Share of what comes through the room. Fraction in [0, 1].
        p: Probability that a sound is changed at all. Fraction in [0, 1].

    Raises:
        ConfigError: A range is none, or the folder holds no sound (SA215).
    """

    def __init__(self, folder: str | Path, *, wet: Range = (0.3, 1.0), p: float = 1.0) -> None:
        super().__init__(wet=wet, p=p)
        self.folder = folder
        self._sounds = SoundFolder(folder)

    def response(self, rate: float, rng: np.random.Generator) -> npt.NDArray[Any]:
        """Read a response."""
        read, hertz = self._sounds.read(rng)
        return read if hertz == rate else resampled(read[None], rate / hertz)[0]


@final
class SimulatedRoom(_Reverberation):
    """Hear a sound in a room that is computed, by `pyroomacoustics` (MIT).

    A room is computed once in each process, at its first use: walls, reverberation and the places
    of source and microphone depend on its number alone.

    Args:
        rooms: How many rooms there are, >= 1.
        side: Length of each wall. Metres, in [1, 50].
        seconds: Reverberation time (60 decibels). Seconds, in [0.05, 2].
        wet: Share of what comes through the room. Fraction in [0, 1].
        p: Probability that a sound is changed at all. Fraction in [0, 1].

    Raises:
        ConfigError: A range is none (SA215).

    Source:
        Image sources, Allen and Berkley 1979, doi:10.1121/1.382599; reverberation time by Sabine.
    """

    def __init__(
        self,
        *,
        rooms: int = 64,
        side: Range = (2.5, 8.0),
        seconds: Range = (0.15, 0.5),
        wet: Range = (0.3, 1.0),
        p: float = 1.0,
    ) -> None:
        super().__init__(wet=wet, p=p)
        self.rooms = within("rooms", rooms, 1, 1 << 20)
        self.side = within("side", side, 1.0, 50.0)
        self.seconds = within("seconds", seconds, 0.05, 2.0)

    def response(self, rate: float, rng: np.random.Generator) -> npt.NDArray[Any]:
        """Compute a response, or take it from memory."""
        number = int(rng.integers(self.rooms))
        return _room(number, tuple(self.side), tuple(self.seconds), round(rate))


@lru_cache(maxsize=256)
def _room(number: int, side: Range, seconds: Range, rate: int) -> npt.NDArray[Any]:
    """Compute the response of a room."""
    try:
        import pyroomacoustics as rooms
    except ImportError as error:
        msg = f"Simulated rooms need pyroomacoustics, got {error}. Run: pip install pyroomacoustics"
        raise MissingDependency("SA833", msg) from error
    rng = np.random.Generator(np.random.PCG64(number))
    walls = rng.uniform(*side, 3)
    walls[2] = min(walls[2], 3.5)
    # A large room cannot be dull: Sabine's formula has no walls for it.
    longest = (
        0.161 * walls.prod() / (walls[0] * walls[1] * 2 + walls[2] * 2 * (walls[0] + walls[1]))
    )
    absorption, order = rooms.inverse_sabine(max(drawn(seconds, rng), 1.1 * longest), walls)
    room = rooms.ShoeBox(
        walls, fs=rate, materials=rooms.Material(absorption), max_order=min(int(order), 12)
    )
    room.add_source(walls * rng.uniform(0.2, 0.8, 3))
    room.add_microphone(walls * rng.uniform(0.2, 0.8, 3))
    room.compute_rir()
    return np.asarray(room.rir[0][0], np.float32)


def _as_loud(sound: Sound, other: Sound) -> Sound:
    """Give a sound the power of another one."""
    have = float(np.mean(np.square(sound, dtype=np.float64)))
    want = float(np.mean(np.square(other, dtype=np.float64)))
    return sound * np.float32(np.sqrt(want / have)) if have else sound
