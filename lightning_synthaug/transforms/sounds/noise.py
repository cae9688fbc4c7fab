"""Noise beside a sound, at a drawn distance."""

from __future__ import annotations

from pathlib import Path
from typing import final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.transforms.sounds.base import Range, Sound, SoundTransform, drawn, within
from lightning_synthaug.transforms.sounds.files import SoundFolder
from lightning_synthaug.transforms.sounds.spectrum import resampled

__all__ = ["BackgroundNoise", "ColouredNoise"]


@final
class ColouredNoise(SoundTransform):
    """Add noise between white, pink, brown and blue.

    Args:
        snr: How much louder than the noise the sound is. Decibels, in [-60, 120].
        slope: By how much the noise falls with each octave. Decibels, in [-6, 6]: 0 is white, 3 pink, 6 brown, -3 blue.
        p: Probability that a sound is changed at all. Fraction in [0, 1].

    Raises:
        ConfigError: A range is none (SA215).
    """

    def __init__(
        self, *, snr: Range = (10.0, 40.0), slope: Range = (0.0, 6.0), p: float = 1.0
    ) -> None:
        super().__init__(p=p)
        self.snr = within("snr", snr, -60.0, 120.0)
        self.slope = within("slope", slope, -6.0, 6.0)

    def change(self, sound: Sound, rate: float, rng: np.random.Generator) -> Sound:
        """Add noise."""
        snr, slope = drawn(self.snr, rng), drawn(self.slope, rng)
        length = sound.shape[-1]
        frequencies = np.fft.rfftfreq(length, 1 / rate)
        # Below 20 Hz nothing is heard, and brown noise has no limit there.
        loudness = np.maximum(frequencies, 20.0) ** (-slope / 6.0206)
        size = len(frequencies)
        real, imaginary = rng.standard_normal((2, size), np.float32)
        noise = np.fft.irfft((real + 1j * imaginary) * loudness.astype(np.float32), length)
        return _beside(sound, noise, snr)


@final
class BackgroundNoise(SoundTransform):
    """Add a part of a recording of a folder: a street, an office, other voices.

    Args:
        folder: Folder with sound files.
        snr: How much louder than the noise the sound is. Decibels, in [-60, 120].
        p: Probability that a sound is changed at all. Fraction in [0, 1].

    Raises:
        ConfigError: A range is none, or the folder holds no sound (SA215).
    """

    def __init__(self, folder: str | Path, *, snr: Range = (5.0, 30.0), p: float = 1.0) -> None:
        super().__init__(p=p)
        self.folder = folder
        self.snr = within("snr", snr, -60.0, 120.0)
        self._sounds = SoundFolder(folder)

    def change(self, sound: Sound, rate: float, rng: np.random.Generator) -> Sound:
        """Add a recording."""
        snr, length = drawn(self.snr, rng), sound.shape[-1]
        noise, hertz = self._sounds.read(rng, seconds=length / rate)
        if hertz != rate:
            noise = resampled(noise[None], rate / hertz)[0]
        return _beside(sound, np.resize(noise, length), snr)  # a short one goes round


def _beside(sound: Sound, noise: npt.NDArray[np.floating], snr: float) -> Sound:
    """Add noise so that its power lies so many decibels below that of the sound; none to silence."""
    power = float(np.mean(np.square(sound, dtype=np.float64)))
    noisy = float(np.mean(np.square(noise, dtype=np.float64)))
    if not power or not noisy:
        return sound
    share = np.float32(np.sqrt(power / noisy) * 10 ** (-snr / 20))
    return sound + share * noise.astype(np.float32)
