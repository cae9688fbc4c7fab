"""Is a sound whole: neither silent, clipped nor noisy, as long and as fast as the real ones?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple, final

import numpy as np

from lightning_synthaug.generators.gates.calibration import check_threshold
from lightning_synthaug.generators.gates.embeddings.sound import rate_of, sound_of
from lightning_synthaug.generators.gates.scale import scale_of
from lightning_synthaug.generators.gates.validity import Gauge, Validity

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from lightning_synthaug.data.record import Record

__all__ = ["ValidAudio"]

#: A value is at the loudest when it is less than this share below.
_AT_PEAK: Final = 0.002
#: Decibels below which nothing is told apart.
_QUIET: Final = -120.0
#: Seconds of a frame, the shares of frames that are quieter than the quiet and the loud ones, and the
#: most decibels that lie between; the rate of sounds that do not say theirs.
_FRAME, _QUIETER, _LOUDER, _MOST, _RATE = 0.02, 0.1, 0.95, 60.0, 16000.0
#: The smallest differences that mean something.
_UNITS: Final = {
    "silent": 1.0,
    "clipped": 0.001,
    "noisy": 1.0,
    "too short": 0.05,
    "too long": 0.05,
}


@final
class ValidAudio(Validity["_Reading"]):
    """Refuse sounds that are silent, clipped, noisy, too short or long, not finite, or of another rate.

    How noisy a sound is, is how little its quiet parts are quieter than its loud ones.

    What is too much is learnt from real sounds; a rate or a scale that none of them has is refused.

    Args:
        share: Share of held-out real sounds that pass.

    Raises:
        ConfigError: `share` lies outside (0, 1) (SA452).
    """

    name = "valid audio"
    modality = "audio"
    version: ClassVar[int] = 2

    def __init__(self, *, share: float = 0.99) -> None:
        check_threshold("auto", share)
        self.share = share

    def read(self, record: Record) -> _Reading:
        """Read off a sound what it is judged by."""
        values, rate = sound_of(record), rate_of(record)
        length = values.size / (rate or 1.0)
        if not values.size:
            return _Reading(length, rate, 0.0, 0.0, 0.0, 0.0, 0.0)
        low, high = float(values.min()), float(values.max())
        if not math.isfinite(low) or not math.isfinite(high):  # NaN is the minimum of what holds it
            return _Reading(length, rate, low, high, 0.0, 0.0, 0.0)
        power = float(np.mean(np.square(values, dtype=np.float64)))
        peak = max(-low, high)
        loudest = float(np.mean(np.abs(values) >= peak * (1 - _AT_PEAK))) if peak else 0.0
        return _Reading(length, rate, low, high, power, loudest, _contrast(values, rate or _RATE))

    def learn(self, readings: Sequence[_Reading]) -> _Gauge:
        """Learn what rates and scale real sounds have."""
        return _Gauge(readings)


class _Reading(NamedTuple):
    """What a sound is judged by: seconds, rate, extremes, mean square, share at the loudest, contrast in decibels."""

    length: float
    rate: float | None
    low: float
    high: float
    power: float
    loudest: float
    contrast: float


@final
class _Gauge(Gauge[_Reading]):
    """Loudness in decibels of the real scale, length by its logarithm, clipping by its share."""

    def __init__(self, readings: Sequence[_Reading]) -> None:
        self.units = _UNITS
        self.rates = {r.rate for r in readings}
        finite = [(r.low, r.high) for r in readings if math.isfinite(r.low + r.high)]
        self.low, self.high = scale_of(finite or [(-1.0, 1.0)])

    def fault(self, reading: _Reading) -> str:
        """Say what is wrong whatever real sounds measure."""
        if not reading.length:
            return "empty"
        if reading.rate not in self.rates:
            return "other rate"
        if not math.isfinite(reading.low) or not math.isfinite(reading.high):
            return "not finite"
        if reading.low < self.low or reading.high > self.high:
            return "other scale"
        return ""

    def measure(self, reading: _Reading) -> dict[str, float]:
        """Measure a sound."""
        relative = reading.power / max(self.high, -self.low) ** 2
        return {
            "silent": -max(10 * math.log10(relative), _QUIET) if relative else -_QUIET,
            "clipped": reading.loudest,
            "noisy": -reading.contrast,
            "too short": -math.log(reading.length),
            "too long": math.log(reading.length),
        }


def _contrast(values: npt.NDArray[np.float32], rate: float) -> float:
    """Estimate how far a sound is above its noise, by its quiet and its loud frames. Decibels."""
    size = max(1, round(_FRAME * rate))
    whole = len(values) // size * size
    if not whole:
        return _MOST
    power = np.mean(np.square(values[:whole].reshape(-1, size), dtype=np.float64), axis=1)
    quiet, loud = np.quantile(power, [_QUIETER, _LOUDER])
    return min(_MOST, float(10 * np.log10(loud / quiet))) if quiet else _MOST
