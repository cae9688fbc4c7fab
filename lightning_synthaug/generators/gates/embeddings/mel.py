"""Sounds by how loud each pitch is, and when: no weights, nothing to download, blind to loudness."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, ClassVar, Final, final

import numpy as np

from lightning_synthaug.generators.gates.embeddings.base import Embedding
from lightning_synthaug.generators.gates.embeddings.sound import rate_of, sound_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from lightning_synthaug.data.record import Record

__all__ = ["LogMel"]

#: Seconds of a frame, and from one to the next.
_FRAME, _HOP = 0.032, 0.010
#: Decibels below the loudest frame at which a sound begins and ends, and below the loudest band at
#: which nothing is told apart.
_EDGE, _FLOOR = 35.0, 60.0
#: The rate of sounds that do not say theirs.
_RATE: Final = 16000.0
#: Hertz that bands lie between.
_LOWEST, _HIGHEST = 60.0, 7600.0


@final
class LogMel(Embedding):
    """Logarithms of the energy in bands of the mel scale, over equal parts of the sound.

    Quiet beginnings and ends are left out, and the loudness of the whole is: so the same word said
    louder, or later, is the same. Bands are those of O'Shaughnessy, "Speech communication" (1987).

    Args:
        bands: Bands, >= 1.
        parts: Parts of equal length, >= 1.
    """

    modality = "audio"
    version: ClassVar[int] = 1

    def __init__(self, bands: int = 40, parts: int = 8) -> None:
        self.bands = bands
        self.parts = parts

    def settings(self) -> dict[str, Any]:
        """List the settings that change vectors."""
        return {"bands": self.bands, "parts": self.parts}

    def embed(self, records: Sequence[Record]) -> npt.NDArray[np.float32]:
        """Embed sounds.

        Args:
            records: With the field `audio`, and perhaps `rate`.

        Returns:
            Vectors in units of 10 decibels, divided by the root of their width. Shape
            `(n, parts * bands)`.

        Raises:
            GateError: A record has no sound (SA450).
        """
        return np.stack([self._embed(sound_of(r), rate_of(r) or _RATE) for r in records])

    def _embed(self, sound: npt.NDArray[np.float32], rate: float) -> npt.NDArray[np.float32]:
        """Embed one sound."""
        energies = _spectrum(np.nan_to_num(sound), rate) @ _bands(self.bands, rate)
        loudness = 10 * np.log10(energies.sum(axis=1) + 1e-30)
        heard = np.nonzero(loudness >= loudness.max() - _EDGE)[0]
        energies = energies[heard[0] : heard[-1] + 1]
        edges = np.linspace(0, len(energies), self.parts + 1)
        parts = np.stack([_mean(energies, a, b) for a, b in itertools.pairwise(edges)])
        levels = 10 * np.log10(np.maximum(parts / max(parts.max(), 1e-30), 10 ** (-_FLOOR / 10)))
        vector: npt.NDArray[np.float32] = (levels - levels.mean()).ravel().astype(np.float32)
        return vector / np.float32(10 * vector.size**0.5)


def _mean(rows: npt.NDArray[np.float64], start: float, stop: float) -> npt.NDArray[np.float64]:
    """Average the rows between two places, at least one."""
    first = int(start)
    mean: npt.NDArray[np.float64] = rows[first : max(first + 1, round(stop))].mean(axis=0)
    return mean


def _spectrum(sound: npt.NDArray[np.float32], rate: float) -> npt.NDArray[np.float64]:
    """Take the power of each frame at each frequency."""
    length, hop = max(2, round(_FRAME * rate)), max(1, round(_HOP * rate))
    padded = np.pad(sound, (0, max(0, length - sound.size)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, length)[::hop]
    power: npt.NDArray[np.float64] = np.square(np.abs(np.fft.rfft(frames * np.hanning(length))))
    return power


def _bands(count: int, rate: float) -> npt.NDArray[np.float64]:
    """Make overlapping triangles, evenly spaced on the mel scale; those above half the rate are empty."""
    length = max(2, round(_FRAME * rate))
    frequencies = np.fft.rfftfreq(length, 1 / rate)
    lowest, highest = 2595 * np.log10(1 + np.array([_LOWEST, _HIGHEST]) / 700)
    corners = 700 * (10 ** (np.linspace(lowest, highest, count + 2) / 2595) - 1)
    rising = (frequencies[:, None] - corners[:-2]) / np.diff(corners)[:-1]
    falling = (corners[2:] - frequencies[:, None]) / np.diff(corners)[1:]
    return np.maximum(np.minimum(rising, falling), 0)
