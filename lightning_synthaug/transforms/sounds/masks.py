"""Parts of a sound or of a spectrogram that are left out."""

from __future__ import annotations

from typing import Any, final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.errors import DataError
from lightning_synthaug.transforms.sounds.base import Range, Sound, SoundTransform, drawn, within
from lightning_synthaug.transforms.sounds.spectrum import filtered

__all__ = ["FrequencyMask", "SpectrogramMask", "TimeMask"]

_FADE = 0.005  # seconds: a cut without one is a click


@final
class TimeMask(SoundTransform):
    """Silence a part of a sound.

    Args:
        share: Length of the part. Fraction of the sound, in [0, 1].
        p: Probability that a sound is changed at all. Fraction in [0, 1].

    Raises:
        ConfigError: A range is none (SA215).
    """

    def __init__(self, *, share: Range = (0.0, 0.1), p: float = 1.0) -> None:
        super().__init__(p=p)
        self.share = within("share", share, 0.0, 1.0)

    def change(self, sound: Sound, rate: float, rng: np.random.Generator) -> Sound:
        """Silence a part."""
        length = sound.shape[-1]
        width = drawn(self.share, rng) * length
        start = drawn((0.0, length - width), rng)
        fade = _FADE * rate
        first, last = max(0, int(start - fade)), min(length, int(start + width + fade) + 2)
        places = np.arange(first, last)  # all others stay as they are
        outside = np.maximum(start - places, places - (start + width))
        made = sound.copy()
        made[..., first:last] *= np.asarray(np.clip(outside / fade, 0, 1), np.float32)
        return made


@final
class FrequencyMask(SoundTransform):
    """Leave out a band of frequencies of a sound.

    Args:
        octaves: Width of the band. Octaves, in [0, 10].
        hertz: Where the band begins. Hertz, > 0.
        p: Probability that a sound is changed at all. Fraction in [0, 1].

    Raises:
        ConfigError: A range is none (SA215).
    """

    def __init__(
        self, *, octaves: Range = (0.1, 0.7), hertz: Range = (200.0, 4000.0), p: float = 1.0
    ) -> None:
        super().__init__(p=p)
        self.octaves = within("octaves", octaves, 0.0, 10.0)
        self.hertz = within("hertz", hertz, 1e-3, 1e6)

    def change(self, sound: Sound, rate: float, rng: np.random.Generator) -> Sound:
        """Leave out a band, with edges of a tenth of an octave."""
        start = drawn((np.log2(self.hertz[0]), np.log2(self.hertz[1])), rng)
        stop = start + drawn(self.octaves, rng)

        def passed(frequencies: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
            place = np.log2(np.maximum(frequencies, 1e-3))
            return np.clip(np.maximum(start - place, place - stop) / 0.1, 0, 1)

        return filtered(sound, rate, passed)


@final
class SpectrogramMask:
    """Leave out bands and times of a spectrogram, which take its mean value.

    For datasets whose raw samples are spectrograms; where they are sounds, `TimeMask` and `FrequencyMask` do it.

    Args:
        bands: Height of each band. Fraction of all bands, in [0, 1].
        times: Length of each time. Fraction of the whole time, in [0, 1].
        count: How many of each, >= 0.
        p: Probability that a spectrogram is changed at all. Fraction in [0, 1].

    Raises:
        ConfigError: A range is none (SA215).

    Source:
        SpecAugment, Park et al. 2019, doi:10.21437/Interspeech.2019-2680.
    """

    def __init__(
        self,
        *,
        bands: Range = (0.0, 0.15),
        times: Range = (0.0, 0.15),
        count: int = 1,
        p: float = 1.0,
    ) -> None:
        self.bands = within("bands", bands, 0.0, 1.0)
        self.times = within("times", times, 0.0, 1.0)
        self.count = within("count", count, 0, 1000)
        self.p = within("p", p, 0.0, 1.0)

    def __call__(
        self, spectrogram: npt.NDArray[Any], *, rng: np.random.Generator
    ) -> npt.NDArray[Any]:
        """Mask a spectrogram.

        Args:
            spectrogram: Bands and times in this order, with an axis of channels before or after or
                without; left as it is.
            rng: All randomness.

        Returns:
            A new array of the same shape and dtype.

        Raises:
            DataError: The array has other dimensions (SA214).
        """
        if spectrogram.ndim not in (2, 3) or not spectrogram.size:
            msg = (
                "A spectrogram must have bands and times, and perhaps channels, got shape "
                f"{list(spectrogram.shape)}. For sounds there are TimeMask and FrequencyMask."
            )
            raise DataError("SA214", msg)
        made = np.array(spectrogram)
        if rng.random() >= self.p:
            return made
        # The shortest axis of three is the channels'.
        axes = sorted(np.argsort(made.shape, kind="stable")[-2:])
        filler = made.mean()
        for axis, limits in zip(axes, (self.bands, self.times), strict=True):
            for _ in range(self.count):
                width = drawn(limits, rng) * made.shape[axis]
                start = drawn((0.0, made.shape[axis] - width), rng)
                part: list[Any] = [slice(None)] * made.ndim
                part[axis] = slice(round(start), round(start + width))
                made[tuple(part)] = filler
        return made
