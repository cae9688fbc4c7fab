"""Sounds to test with: sweeps, and what pitch they have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import soundfile

RATE = 16000


def sweep(
    seconds: float = 2.0, *, low: float = 200.0, high: float = 2000.0, rate: int = RATE
) -> Any:
    """A sine whose logarithm of the frequency rises evenly. float32, shape `(n,)`."""
    times = np.arange(round(seconds * rate)) / rate
    growth = np.log(high / low) / seconds
    phase = 2 * np.pi * low * (np.exp(growth * times) - 1) / growth
    return (0.5 * np.sin(phase)).astype(np.float32)


def cents_off(sound: Any, wanted: Any, *, rate: int = RATE) -> float:
    """How far a sweep is from another one, as the median over its middle part. Cents."""
    offs = 1200 * np.log2(_frequencies(sound, rate) / _frequencies(wanted, rate))
    return float(np.median(np.abs(offs)))


def write(folder: Path, name: str, sound: Any, rate: int = RATE) -> Path:
    """Write a file of sound."""
    folder.mkdir(parents=True, exist_ok=True)
    soundfile.write(folder / name, sound, rate)
    return folder / name


def _frequencies(sound: Any, rate: int) -> Any:
    """The mean frequency of each tenth of a second in the middle, from the turns of the phase."""
    spectrum = np.fft.fft(np.asarray(sound, np.float64))
    spectrum[len(spectrum) // 2 :] = 0  # the analytic signal
    turns = np.unwrap(np.angle(np.fft.ifft(spectrum))) / (2 * np.pi)
    step = rate // 10
    places = np.arange(len(turns) // 5, len(turns) * 4 // 5 - step, step // 2)
    return (turns[places + step] - turns[places]) * rate / step
