"""Higher or lower, faster or slower."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, final

import numpy as np

from lightning_synthaug.errors import MissingDependency, install_hint
from lightning_synthaug.transforms.sounds.base import Range, Sound, SoundTransform, drawn, within
from lightning_synthaug.transforms.sounds.spectrum import fitted, resampled

__all__ = ["PitchShift", "Speed", "TimeStretch"]


@final
class PitchShift(SoundTransform):
    """Make a sound higher or lower, and keep its length.

    `python-stretch` (MIT), on which audiomentations rests too, does it: of the libraries measured it is the
    fastest that meets the pitch within 5 cents, and every ratio costs the same (`benchmarks/audio.py`).

    Args:
        semitones: Steps of the equal temperament. In [-24, 24].
        p: Probability that a sound is changed at all. Fraction in [0, 1].

    Raises:
        ConfigError: A range is none (SA215).

    Source:
        Signalsmith Stretch, a phase vocoder that follows peaks, https://signalsmith-audio.co.uk/code/stretch/
    """

    def __init__(self, *, semitones: Range = (-2.0, 2.0), p: float = 1.0) -> None:
        super().__init__(p=p)
        self.semitones = within("semitones", semitones, -24.0, 24.0)

    def change(self, sound: Sound, rate: float, rng: np.random.Generator) -> Sound:
        """Shift the pitch of a sound."""
        stretch = _stretch(sound, rate)
        stretch.setTransposeSemitones(drawn(self.semitones, rng))
        return fitted(np.asarray(stretch.process(sound), np.float32), sound.shape[-1])


class _Tempo(SoundTransform):
    """Make a sound faster or slower."""

    def __init__(
        self, *, factor: Range = (0.9, 1.1), keep_length: bool = True, p: float = 1.0
    ) -> None:
        super().__init__(p=p)
        self.factor = within("factor", factor, 0.25, 4.0)
        self.keep_length = keep_length

    def change(self, sound: Sound, rate: float, rng: np.random.Generator) -> Sound:
        """Make a sound faster or slower, and of the length that it had where that is kept."""
        made = self.paced(sound, rate, drawn(self.factor, rng))
        return fitted(made, sound.shape[-1]) if self.keep_length else made

    @abstractmethod
    def paced(self, sound: Sound, rate: float, factor: float) -> Sound:
        """Make a sound faster by a factor."""


@final
class TimeStretch(_Tempo):
    """Make a sound faster or slower, and keep its pitch.

    Args:
        factor: How much faster. In [0.25, 4]; slower is below 1.
        keep_length: Whether the end is cut off or filled with silence, so that the length stays.
        p: Probability that a sound is changed at all. Fraction in [0, 1].

    Raises:
        ConfigError: A range is none (SA215).

    Source:
        As for `PitchShift`.
    """

    def paced(self, sound: Sound, rate: float, factor: float) -> Sound:
        """Stretch a sound."""
        stretch = _stretch(sound, rate)
        stretch.setTimeFactor(factor)
        return np.asarray(stretch.process(sound), np.float32)


@final
class Speed(_Tempo):
    """Play a sound faster and higher, or slower and lower, as a tape would be.

    Args:
        factor: How much faster. In [0.25, 4]; slower is below 1.
        keep_length: Whether the end is cut off or filled with silence, so that the length stays.
        p: Probability that a sound is changed at all. Fraction in [0, 1].

    Raises:
        ConfigError: A range is none (SA215).
    """

    def paced(self, sound: Sound, rate: float, factor: float) -> Sound:
        """Resample a sound; the rate does not matter."""
        del rate
        return resampled(sound, 1 / factor)


def _stretch(sound: Sound, rate: float) -> Any:
    """Make the engine for a sound; a fresh one remembers no other sound."""
    try:
        from python_stretch.Signalsmith import Stretch
    except ImportError as error:
        msg = f"Changing pitch or tempo needs python-stretch, got {error}. {install_hint('audio')}"
        raise MissingDependency("SA833", msg) from error
    stretch = Stretch()
    stretch.preset(sound.shape[0], rate)
    return stretch
