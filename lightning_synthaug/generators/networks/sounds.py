"""Sounds as pictures of their pitches over time, and back: so the networks for images make sounds, too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, final

import numpy as np
import torch

from lightning_synthaug.generators.torch_network import import_object

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor, nn

__all__ = ["Spectrograms", "sound_maker"]

#: Seconds from one column of a picture to the next; each shows four times as much.
_HOP: Final = 0.016
_OVERLAP: Final = 4
#: Decibels between black and white.
_SPAN: Final = 60.0
#: What is as black as this is silence: what networks make is never quite black, and would be heard as noise.
_BLACK: Final = 0.05
#: Rounds of finding phases, and how far each goes beyond the last.
_ROUNDS, _MOMENTUM = 32, 0.99
_TINY: Final = 1e-10
_A_TIME: Final = 32


@final
@dataclass(frozen=True, slots=True)
class Spectrograms:
    """Show how loud each band of the mel scale is over time, and make sounds that look so.

    A picture has no phases. They are found by going back and forth between sound and picture, always from the same
    random ones, so that the same picture gives the same sound.

    Attributes:
        rate: Sampling rate. Hertz.
        length: Samples of a sound.
        bands: Rows of a picture; the lowest band is the last row.
        loudest: Level that is white; 60 decibels below it is black. What is nearly black becomes silence. Decibels.

    Source:
        Griffin & Lim, "Signal estimation from modified short-time Fourier transform", 1984; with momentum: Perraudin,
        Balazs & Sondergaard, WASPAA 2013. Bands: O'Shaughnessy, "Speech communication", 1987.

    Example:
        >>> tone = torch.sin(torch.arange(8000) / 4)[None]
        >>> form = Spectrograms.of(tone, rate=8000, bands=32)
        >>> form.images(tone).shape, form.sounds(form.images(tone)).shape
        (torch.Size([1, 1, 32, 63]), torch.Size([1, 8000]))
    """

    rate: int
    length: int
    bands: int
    loudest: float

    @classmethod
    def of(cls, sounds: Tensor, *, rate: int, bands: int) -> Spectrograms:
        """Choose the level that is white: that of the loudest band of all sounds.

        Args:
            sounds: In [-1, 1], shape `(n, length)`.
            rate: Sampling rate. Hertz.
            bands: Rows of a picture, >= 1.

        Returns:
            The form.
        """
        form = cls(rate, sounds.shape[1], bands, 0.0)
        return cls(rate, sounds.shape[1], bands, float(form._levels(sounds).max()))

    @property
    def hop(self) -> int:
        """Samples from one column to the next, >= 1."""
        return max(1, round(_HOP * self.rate))

    def images(self, sounds: Tensor) -> Tensor:
        """Show sounds.

        Args:
            sounds: In [-1, 1], shape `(n, length)`.

        Returns:
            In [0, 1], shape `(n, 1, bands, length // hop + 1)`.
        """
        levels = self._levels(sounds)
        return ((levels - self.loudest) / _SPAN + 1).clamp(0, 1).flip(1)[:, None]

    def sounds(self, images: Tensor) -> Tensor:
        """Make sounds that look like pictures.

        Args:
            images: In [0, 1], shape `(n, 1, bands, length // hop + 1)`.

        Returns:
            In [-1, 1] or a little beyond, shape `(n, length)`.
        """
        shown = images[:, 0].float().flip(1)
        power = 10 ** ((shown - 1) * _SPAN / 10 + self.loudest / 10) * (shown > _BLACK)
        inverse = torch.linalg.pinv(self._filters()).to(power)
        parts = (inverse @ power).clamp_min(0).sqrt().split(_A_TIME)
        return torch.cat([self._phased(part) for part in parts])

    def _phased(self, magnitude: Tensor) -> Tensor:
        """Find phases for pictures, all from the same: so a sound does not depend on others."""
        random = torch.Generator().manual_seed(0)
        turns = torch.rand(magnitude.shape[1:], generator=random).to(magnitude) * (2 * torch.pi)
        phases, last = torch.polar(torch.ones_like(turns), turns), torch.zeros_like(turns)
        share = _MOMENTUM / (1 + _MOMENTUM)
        for _ in range(_ROUNDS):
            found = self._transformed(self._back(magnitude * phases))
            ahead, last = found - share * last, found
            phases = ahead / ahead.abs().clamp_min(_TINY)
        return self._back(magnitude * phases)

    def _levels(self, sounds: Tensor) -> Tensor:
        """Measure the level of each band over time, lowest first, in decibels."""
        filters = self._filters().to(sounds)
        power = [filters @ self._transformed(part).abs() ** 2 for part in sounds.split(_A_TIME)]
        return 10 * torch.log10(torch.cat(power).clamp_min(_TINY))

    def _transformed(self, sound: Tensor) -> Tensor:
        """Take the spectrum of each column."""
        size, window = self._window(sound)
        return torch.stft(
            sound, size, self.hop, window=window, pad_mode="constant", return_complex=True
        )

    def _back(self, spectrum: Tensor) -> Tensor:
        """Put the columns together again."""
        size, window = self._window(spectrum)
        return torch.istft(spectrum, size, self.hop, window=window, length=self.length)

    def _window(self, like: Tensor) -> tuple[int, Tensor]:
        """Give the samples that a column shows, and how much each counts."""
        size = _OVERLAP * self.hop
        return size, torch.hann_window(size, device=like.device)

    def _filters(self) -> Tensor:
        """Make overlapping triangles, evenly spaced on the mel scale. Shape `(bands, frequencies)`."""
        top = self.rate / 2
        corners = 700 * ((1 + top / 700) ** np.linspace(0, 1, self.bands + 2) - 1)
        hertz = np.linspace(0, top, _OVERLAP * self.hop // 2 + 1)
        rising = (hertz - corners[:-2, None]) / np.diff(corners)[:-1, None]
        falling = (corners[2:, None] - hertz) / np.diff(corners)[1:, None]
        return torch.from_numpy(np.maximum(np.minimum(rising, falling), 0).astype(np.float32))


def sound_maker(
    *,
    network: str,
    arguments: Mapping[str, Any],
    output_range: Sequence[float],
    spectrograms: Mapping[str, Any],
) -> nn.Module:
    """Make a network whose pictures come out as sounds.

    Args:
        network: Import path of a network for images, `"package.module:Class"`.
        arguments: Its keyword arguments.
        output_range: Its values for black and white.
        spectrograms: Attributes of `Spectrograms`.

    Returns:
        That network, with the same names of its weights; its output has the shape `(n, length)`, in [-1, 1].
    """
    form, (low, high) = Spectrograms(**spectrograms), output_range

    def heard(_network: nn.Module, _inputs: object, images: Tensor) -> Tensor:
        with torch.autocast(images.device.type, enabled=False):
            return form.sounds(((images.float() - low) / (high - low)).clamp(0, 1)).clamp(-1, 1)

    made: nn.Module = import_object(network)(**arguments)
    made.register_forward_hook(heard)
    return made
