"""Is an image whole: neither flat nor saturated nor noise, and on the scale of the real ones?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple, final

import numpy as np

from lightning_synthaug.generators.gates.calibration import check_threshold
from lightning_synthaug.generators.gates.embeddings.planes import image_of
from lightning_synthaug.generators.gates.scale import scale_of
from lightning_synthaug.generators.gates.validity import Gauge, Validity

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from lightning_synthaug.data.record import Record

__all__ = ["ValidImage"]

#: Steps of a scale; what is less than one from an end of it counts as being there.
_STEPS: Final = 255
#: The smallest differences that mean something.
_UNITS: Final = {"flat": 0.1, "saturated dark": 0.01, "saturated bright": 0.01, "noisy": 0.1}


@final
class ValidImage(Validity["_Reading"]):
    """Refuse images that are flat, saturated, noise, not finite, or on another scale than real ones.

    How little contrast, how many pixels at either end and how much difference between neighbours is
    too little or too much is learnt: some data sets are line drawings. Blurred or wrong images are
    not its business.

    Args:
        share: Share of held-out real images that pass.
        size: Refuse other rows, columns and channels than real images have: what lies outside the
            range of theirs. For generators that make images of the final size.

    Raises:
        ConfigError: `share` lies outside (0, 1) (SA452).
    """

    name = "valid image"
    modality = "image"
    version: ClassVar[int] = 1

    def __init__(self, *, share: float = 0.99, size: bool = False) -> None:
        check_threshold("auto", share)
        self.share = share
        self.size = size

    def settings(self) -> dict[str, Any]:
        """List the settings that change verdicts."""
        return {**super().settings(), "size": self.size}

    def read(self, record: Record) -> _Reading:
        """Read off an image what it is judged by."""
        image = image_of(record)
        values = (image / np.float32(255)) if image.dtype == np.uint8 else image.astype(np.float32)
        values = values.reshape(*image.shape[:2], -1)
        low, high = float(values.min()), float(values.max())
        if not math.isfinite(low) or not math.isfinite(high):  # NaN is the minimum of what holds it
            return _Reading(values.shape, low, high, 0.0, 0.0, 0.0, 0.0)
        step = (high - low) / _STEPS
        return _Reading(
            values.shape,
            low,
            high,
            float(values.std(axis=(0, 1), dtype=np.float64).max()),
            float((values < low + step).mean()),
            float((values > high - step).mean()),
            _roughness(values),
        )

    def learn(self, readings: Sequence[_Reading]) -> _Gauge:
        """Learn what scale and sizes real images have."""
        return _Gauge(readings, size=self.size)


class _Reading(NamedTuple):
    """What an image is judged by: contrast, the shares of values at its own darkest and brightest, roughness."""

    shape: tuple[int, ...]
    low: float
    high: float
    contrast: float
    darkest: float
    brightest: float
    roughness: float


@final
class _Gauge(Gauge[_Reading]):
    """Contrast by its logarithm, saturation by its share."""

    def __init__(self, readings: Sequence[_Reading], *, size: bool) -> None:
        self.units = _UNITS
        finite = [r for r in readings if math.isfinite(r.low) and math.isfinite(r.high)]
        self.low, self.high = scale_of(
            (r.low, r.high) for r in finite or [_Reading((), 0.0, 1.0, 0, 0, 0, 0)]
        )
        shapes = np.array([r.shape for r in readings])
        self.sizes = (shapes.min(axis=0), shapes.max(axis=0)) if size else None

    def fault(self, reading: _Reading) -> str:
        """Say what is wrong whatever real images measure."""
        if not math.isfinite(reading.low) or not math.isfinite(reading.high):
            return "not finite"
        if reading.low < self.low or reading.high > self.high:
            return "other scale"
        if self.sizes is not None:
            smallest, largest = self.sizes
            if (reading.shape < smallest).any() or (reading.shape > largest).any():
                return "other size"
        return ""

    def measure(self, reading: _Reading) -> dict[str, float]:
        """Measure an image."""
        return {
            "flat": -math.log(reading.contrast / (self.high - self.low) + 1 / _STEPS),
            "saturated dark": reading.darkest,
            "saturated bright": reading.brightest,
            "noisy": math.log(reading.roughness + 1 / _STEPS),
        }


def _roughness(values: npt.NDArray[np.floating]) -> float:
    """Measure differences between neighbours against those between any two pixels: 1 is white noise, 0 is smooth."""
    spread = float(values.var(axis=(0, 1), dtype=np.float64).sum())
    steps = [np.square(np.diff(values, axis=axis)).sum(-1, dtype=np.float64) for axis in (0, 1)]
    every = np.concatenate([s.ravel() for s in steps])
    return float(every.mean()) / (2 * spread) if every.size and spread else 0.0
