"""What is done by Fourier transforms: other rates, filters, convolution."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal, final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.transforms.sounds.base import Range, Sound, SoundTransform, drawn, within

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PassFilter", "convolved", "filtered", "fitted", "resampled"]

_KINDS: Final = ("low", "high", "band")


@final
class PassFilter(SoundTransform):
    """Let only low, only high or only middle frequencies pass, as a telephone or a wall does.

    Args:
        kind: What passes.
        hertz: Where the filter begins. Hertz, > 0; at most half the rate is used.
        octaves: Width of what passes, for `"band"`. Octaves, > 0.
        p: Probability that a sound is changed at all. Fraction in [0, 1].

    Raises:
        ConfigError: There is no such kind, or a range is none (SA215).

    Source:
        Magnitudes of Butterworth filters of second order, without their delay.
    """

    def __init__(
        self,
        kind: Literal["low", "high", "band"] = "low",
        *,
        hertz: Range = (1000.0, 6000.0),
        octaves: Range = (1.0, 3.0),
        p: float = 1.0,
    ) -> None:
        super().__init__(p=p)
        if kind not in _KINDS:
            msg = f"`kind` must be one of {_KINDS}, got {kind!r}. Choose one of these."
            raise ConfigError("SA215", msg)
        self.kind = kind
        self.hertz = within("hertz", hertz, 1e-3, 1e6)
        self.octaves = within("octaves", octaves, 1e-3, 20.0)

    def change(self, sound: Sound, rate: float, rng: np.random.Generator) -> Sound:
        """Filter a sound."""
        corner = np.exp(drawn((np.log(self.hertz[0]), np.log(self.hertz[1])), rng))
        upper = corner if self.kind == "low" else corner * 2 ** drawn(self.octaves, rng)

        def passed(frequencies: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
            share = np.ones_like(frequencies)
            if self.kind != "high":
                share /= np.sqrt(1 + (frequencies / upper) ** 4)
            if self.kind != "low":
                share *= 1 - 1 / (1 + (frequencies / corner) ** 4)
            return share

        return filtered(sound, rate, passed)


def resampled(sound: Sound, ratio: float) -> Sound:
    """Give a sound another number of samples a second, without what the new rate cannot hold.

    The two lengths of the Fourier transforms are numbers without large factors whose quotient is
    nearest to the ratio: no ratio costs more than another, and it is met within 5 cents; exactly
    where such numbers are, as for all usual pairs of rates.

    Args:
        sound: Waves.
        ratio: New samples for each old one, > 0.

    Returns:
        Waves of length `round(n * ratio)`.

    Example:
        >>> resampled(np.ones((1, 441), np.float32), 160 / 441).shape
        (1, 160)
    """
    length = sound.shape[-1]
    before, after = _lengths(length, ratio)
    spectrum = np.fft.rfft(sound, before)
    kept = min(before, after) // 2 + 1
    made = np.fft.irfft(spectrum[..., :kept] * (after / before), after)
    return fitted(np.asarray(made, np.float32), max(1, round(length * ratio)))


def filtered(
    sound: Sound,
    rate: float,
    passed: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]],
) -> Sound:
    """Multiply each frequency of a sound.

    Args:
        sound: Waves.
        rate: Sampling rate. Hertz.
        passed: Share that passes of each frequency in hertz.

    Returns:
        Waves of the same shape, without delay.
    """
    length = sound.shape[-1]
    padded = _smooth_from(
        length + min(length, 4096)
    )  # so that an end does not ring into the beginning
    share = passed(np.fft.rfftfreq(padded, 1 / rate).astype(np.float64)).astype(np.float32)
    made = np.fft.irfft(np.fft.rfft(sound, padded) * share, padded)[..., :length]
    return np.asarray(made, np.float32)


def convolved(sound: Sound, response: npt.NDArray[Any]) -> Sound:
    """Convolve a sound with an impulse response, aligned at its loudest sample.

    Args:
        sound: Waves.
        response: Impulse response, shape `(m,)`.

    Returns:
        Waves of the same shape.
    """
    length = sound.shape[-1]
    padded = _smooth_from(length + len(response) - 1)
    spectrum = np.fft.rfft(sound, padded) * np.fft.rfft(response.astype(np.float32), padded)
    start = int(np.argmax(np.abs(response)))
    return np.asarray(np.fft.irfft(spectrum, padded)[..., start : start + length], np.float32)


def fitted(sound: Sound, length: int) -> Sound:
    """Cut a sound at its end, or fill it with silence there.

    Example:
        >>> fitted(np.ones((1, 2), np.float32), 3).tolist()
        [[1.0, 1.0, 0.0]]
    """
    missing = length - sound.shape[-1]
    return np.pad(sound, ((0, 0), (0, missing))) if missing > 0 else sound[..., :length]


@cache
def _smooth(power: int) -> npt.NDArray[np.int64]:
    """List the numbers without prime factors above 7, up to a power of 2."""
    numbers = [1]
    for prime in (2, 3, 5, 7):
        grown = list(numbers)
        while grown := [n * prime for n in grown if n * prime <= 2**power]:
            numbers += grown
    return np.array(sorted(numbers), np.int64)


def _smooth_from(length: int) -> int:
    """Find the next length for a Fourier transform."""
    numbers = _smooth(length.bit_length() + 1)
    return int(numbers[np.searchsorted(numbers, length)])


def _lengths(length: int, ratio: float) -> tuple[int, int]:
    """Find two lengths for Fourier transforms with a quotient nearest to a ratio."""
    longest = length + length // 3 + 1024
    numbers = _smooth(int(longest * max(1.0, ratio)).bit_length() + 1)
    start, stop = np.searchsorted(numbers, [length + 32, longest])
    before = numbers[start:stop]
    wanted = before * ratio
    places = np.searchsorted(numbers, wanted)
    # The first of equal ones is the shortest, and so the fastest.
    after = np.stack([numbers[np.maximum(places - 1, 0)], numbers[places]], axis=1)
    error = np.abs(after / wanted[:, None] - 1)
    best, side = divmod(int(np.argmin(error)), 2)
    return int(before[best]), int(after[best, side])
