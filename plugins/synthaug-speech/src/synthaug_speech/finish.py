"""From what an engine says to what a data set holds: rate, silence, loudness, length."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from lightning_synthaug.generators import Rejection
from lightning_synthaug.transforms.sounds.spectrum import resampled

__all__ = ["Finish"]

_FRAME = 0.01  # seconds that loudness is measured over
_MARGIN = 0.02  # seconds of silence that are left at each end
_PEAK = 0.99


class Finish(NamedTuple):
    """What is done to each sound; the arguments are those of `SpeechGenerator`."""

    rate: int
    seconds: float | None
    loudness: float
    trim: float
    dtype: str

    def __call__(self, sound: npt.NDArray[Any], rate: int) -> npt.NDArray[Any] | Rejection:
        """Finish a sound.

        Args:
            sound: Floats of shape `(n,)`.
            rate: Their rate. Hertz.

        Returns:
            The sound at the rate, loudness and length wanted, shape `(n,)`; or why there is none.
        """
        if not sound.size or not np.isfinite(sound).all() or not np.abs(sound).max():
            return Rejection("silent")
        made = np.asarray(sound, np.float32)
        if rate != self.rate:
            made = resampled(made[None], self.rate / rate)[0]
        made = self._heard(made)
        loud = made * np.float32(
            10 ** (self.loudness / 20) / np.sqrt(np.mean(np.square(made, dtype=np.float64)))
        )
        made = loud * np.float32(min(1.0, _PEAK / float(np.abs(loud).max())))
        if self.seconds is not None:
            missing = round(self.seconds * self.rate) - len(made)
            if missing < 0:
                return Rejection(f"longer than {self.seconds:g} s")
            made = np.pad(made, (missing // 2, missing - missing // 2))
        return np.rint(made * 32767).astype(np.int16) if self.dtype == "int16" else made

    def _heard(self, sound: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Leave out the silence at both ends."""
        size = max(1, round(_FRAME * self.rate))
        frames = np.pad(sound, (0, -len(sound) % size)).reshape(-1, size)
        power = np.mean(np.square(frames, dtype=np.float64), axis=1)
        heard = np.nonzero(power >= power.max() * 10 ** (-self.trim / 10))[0]
        margin = round(_MARGIN * self.rate)
        return sound[max(0, heard[0] * size - margin) : (heard[-1] + 1) * size + margin]
