"""What transforms of sound have in common: how they are called, and on which arrays they work."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Final, TypeAlias, final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.errors import ConfigError, DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Range", "Sound", "SoundTransform", "Sounds", "as_waves", "drawn", "within"]

Sound: TypeAlias = npt.NDArray[np.float32]
"""Waves in [-1, 1] or a little beyond, shape `(channels, n)`."""

Range: TypeAlias = "tuple[float, float]"
"""Limits that a number is drawn from, both included."""

_CHANNELS: Final = 32  # more along both axes is a spectrogram or the like


class SoundTransform(ABC):
    """Change a sound at random, as a function of the sound, its rate and a generator.

    It is called with an array of shape `(n,)`, `(channels, n)` or `(n, channels)`, of floats or of whole
    numbers as WAV files have them, and returns one of the same shape and dtype, unless it says
    that it changes the length.

    Args:
        p: Probability that a sound is changed at all. Fraction in [0, 1].

    Raises:
        ConfigError: `p` lies outside [0, 1] (SA215).
    """

    def __init__(self, *, p: float = 1.0) -> None:
        self.p = within("p", p, 0.0, 1.0)

    def __call__(
        self, samples: npt.NDArray[Any], *, rate: float | None = None, rng: np.random.Generator
    ) -> npt.NDArray[Any]:
        """Transform one sound.

        Args:
            samples: The sound; left as it is.
            rate: Sampling rate. Hertz.
            rng: All randomness.

        Returns:
            The changed sound, of the dtype and the axes that it had; the array itself where `p` said no.

        Raises:
            DataError: The array is no sound, or the rate is not known (SA214).
        """
        if rate is None or not rate > 0:
            msg = (
                f"`rate` must be known to change a sound, got {rate!r} for {type(self).__name__}. Have a field 'rate' "
                "in the records, or pass sa.transforms.Sounds([...], rate=16000)."
            )
            raise DataError("SA214", msg)
        sound, back = as_waves(samples)
        return back(self.run(sound, rate, rng))

    def run(self, sound: Sound, rate: float, rng: np.random.Generator) -> Sound:
        """Change a sound, or leave it as it is where `p` says so.

        Args:
            sound: Waves, not to be written to.
            rate: Sampling rate. Hertz.
            rng: All randomness.

        Returns:
            Waves of as many channels.
        """
        return sound if self.p < 1 and rng.random() >= self.p else self.change(sound, rate, rng)

    @abstractmethod
    def change(self, sound: Sound, rate: float, rng: np.random.Generator) -> Sound:
        """Change a sound.

        Args:
            sound: Waves, not to be written to.
            rate: Sampling rate. Hertz.
            rng: All randomness.

        Returns:
            Waves of as many channels.
        """


@final
class Sounds(SoundTransform):
    """Run several transforms of sound one after the other.

    Args:
        transforms: The transforms in order.
        rate: Sampling rate of sounds whose records do not say theirs, or None. Hertz.
        p: Probability that a sound is changed at all. Fraction in [0, 1].

    Raises:
        ConfigError: One of them is something else (SA215).

    Example:
        >>> from lightning_synthaug.transforms import Gain
        >>> louder = Sounds([Gain(decibels=(20, 20))], rate=16000)
        >>> louder(np.array([100, -200], np.int16), rng=np.random.default_rng(0))
        array([ 1000, -2000], dtype=int16)
    """

    def __init__(
        self, transforms: Sequence[SoundTransform], *, rate: float | None = None, p: float = 1.0
    ) -> None:
        super().__init__(p=p)
        wrong = [one for one in transforms if not isinstance(one, SoundTransform)]
        if wrong:
            msg = f"`transforms` must be transforms of sound, got {wrong[0]!r}. Use those of sa.transforms."
            raise ConfigError("SA215", msg)
        self.transforms = list(transforms)
        self.rate = rate

    def __call__(
        self, samples: npt.NDArray[Any], *, rate: float | None = None, rng: np.random.Generator
    ) -> npt.NDArray[Any]:
        """Transform one sound, at its own rate or else at `self.rate`."""
        return super().__call__(samples, rate=rate or self.rate, rng=rng)

    def change(self, sound: Sound, rate: float, rng: np.random.Generator) -> Sound:
        """Run all of them."""
        for one in self.transforms:
            sound = one.run(sound, rate, rng)
        return sound


def drawn(limits: Range, rng: np.random.Generator) -> float:
    """Draw a number evenly from a range.

    Example:
        >>> drawn((2, 2), np.random.default_rng(0))
        2.0
    """
    return float(rng.uniform(*limits))


def within(name: str, value: Any, low: float, high: float) -> Any:
    """Insist that a number, or both limits of a range, lie within bounds.

    Args:
        name: What it is called, for the message.
        value: A number, or two of them in order.
        low: Smallest allowed.
        high: Largest allowed.

    Returns:
        The value.

    Raises:
        ConfigError: It does not (SA215).
    """
    numbers = value if isinstance(value, tuple | list) else (value,)
    fits = all(isinstance(n, int | float) and low <= n <= high for n in numbers)
    if not fits or (numbers is value and (len(numbers) != 2 or numbers[0] > numbers[1])):
        kind = "two numbers in order" if numbers is value else "a number"
        msg = f"`{name}` must be {kind} in [{low:g}, {high:g}], got {value!r}. Choose others."
        raise ConfigError("SA215", msg)
    return value


def as_waves(samples: Any) -> tuple[Sound, Callable[[npt.NDArray[Any]], npt.NDArray[Any]]]:
    """Take a sound in whatever form it is, as waves and the way back.

    Args:
        samples: Array of shape `(n,)`, `(channels, n)` or `(n, channels)`, floats or signed whole numbers.

    Returns:
        Waves, and a function that gives such waves, of any length, the dtype and the axes of the array.

    Raises:
        DataError: The array is no sound (SA214).

    Example:
        >>> waves, back = as_waves(np.array([[16384, 0], [-32768, 0], [0, 0]], np.int16))
        >>> waves[0]
        array([ 0.5, -1. ,  0. ], dtype=float32)
        >>> back(waves[:, :2]).tolist()
        [[16384, 0], [-32768, 0]]
    """
    last = _channels_last(samples)
    whole = samples.dtype.kind == "i"
    full = float(np.iinfo(samples.dtype).max) + 1.0 if whole else 1.0
    waves = np.atleast_2d(samples.T if last else samples)

    def back(made: npt.NDArray[Any]) -> npt.NDArray[Any]:
        if whole:
            made = np.clip(np.rint(np.asarray(made, np.float64) * full), -full, full - 1)
        made = made.astype(samples.dtype, copy=False)
        return np.ascontiguousarray(made[0] if samples.ndim == 1 else made.T if last else made)

    sound = np.ascontiguousarray(waves, np.float32)
    return sound / np.float32(full) if whole else sound, back


def _channels_last(samples: Any) -> bool:
    """Tell whether the channels of a sound are its last axis, and insist that it is a sound."""
    if (
        isinstance(samples, np.ndarray)
        and samples.dtype.kind in "if"
        and samples.ndim in (1, 2)
        and samples.size
        and (samples.ndim == 1 or min(samples.shape) <= _CHANNELS)
    ):
        return samples.ndim == 2 and samples.shape[1] < samples.shape[0]
    got = (
        f"{samples.dtype} of shape {list(samples.shape)}"
        if isinstance(samples, np.ndarray)
        else f"a {type(samples).__name__}"
    )
    msg = (
        "A sound must be an array (n,), (channels, n) or (n, channels) of floats or signed whole numbers, got "
        f"{got}. For spectrograms there is sa.transforms.SpectrogramMask."
    )
    raise DataError("SA214", msg)
