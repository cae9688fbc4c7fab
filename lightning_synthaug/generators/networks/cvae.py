"""A small class-conditional variational autoencoder: dense for tiny images, convolutional above.

Both halves are chosen by the shape of the image alone, so that a folder of weights and its card are
enough to build the decoder again. Images are channels first, float in [0, 1].
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, final

import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

__all__ = ["Decoder", "Encoder"]

_DENSE_PIXELS = 16 * 16
_COARSEST = 4


@final
class Encoder(nn.Module):
    """Map images and classes to the mean and log variance of their latent.

    Args:
        image_shape: Channels, rows, columns.
        classes: How many classes, >= 1.
        latent: Size of the latent, >= 1.
        width: Hidden units of the dense form; channels at the finest scale, times eight, of the
            convolutional one.
    """

    def __init__(
        self, *, image_shape: Sequence[int], classes: int, latent: int, width: int = 256
    ) -> None:
        super().__init__()
        channels, rows, columns = image_shape
        if _is_dense(rows, columns):
            self.features = _dense_features(channels * rows * columns, width)
            size = width
        else:
            self.features, size = _strided_features(channels, rows, columns, width)
        self.head = nn.Linear(size + classes, 2 * latent)

    def forward(self, images: Tensor, onehot: Tensor) -> tuple[Tensor, Tensor]:
        """Encode a batch.

        Args:
            images: Shape `(n, channels, rows, columns)`, float in [0, 1].
            onehot: Shape `(n, classes)`.

        Returns:
            Mean and log variance, each of shape `(n, latent)`.
        """
        hidden = torch.cat([self.features(images), onehot], dim=1)
        mean, log_variance = self.head(hidden).chunk(2, dim=1)
        return mean, log_variance.clamp(-12.0, 6.0)


@final
class Decoder(nn.Module):
    """Map latents and classes to images; this half alone is what a fitted generator ships.

    Args:
        image_shape: Channels, rows, columns.
        classes: How many classes, >= 1.
        latent: Size of the latent, >= 1.
        width: Hidden units of the dense form; channels at the finest scale, times eight, of the
            convolutional one.
    """

    def __init__(
        self, *, image_shape: Sequence[int], classes: int, latent: int, width: int = 256
    ) -> None:
        super().__init__()
        channels, rows, columns = image_shape
        self.image_shape = (channels, rows, columns)
        if _is_dense(rows, columns):
            self.body: nn.Module = _dense_body(latent + classes, width, channels * rows * columns)
        else:
            self.body = _Upsampler(latent + classes, width, channels, rows, columns)

    def forward(self, latents: Tensor, onehot: Tensor) -> Tensor:
        """Decode a batch into ink probabilities.

        Args:
            latents: Shape `(n, latent)`, standard normal.
            onehot: Shape `(n, classes)`.

        Returns:
            Images of shape `(n, channels, rows, columns)`, float in [0, 1].
        """
        return torch.sigmoid(self.logits(latents, onehot))

    def logits(self, latents: Tensor, onehot: Tensor) -> Tensor:
        """Decode a batch, before the sigmoid (what a stable loss needs).

        Args:
            latents: Shape `(n, latent)`.
            onehot: Shape `(n, classes)`.

        Returns:
            Shape `(n, channels, rows, columns)`, any real number.
        """
        pixels: Tensor = self.body(torch.cat([latents, onehot], dim=1))
        return pixels.reshape(-1, *self.image_shape)


@final
class _Upsampler(nn.Module):
    """Grow a coarse map by factors of two, then crop to the image."""

    def __init__(self, inputs: int, width: int, channels: int, rows: int, columns: int) -> None:
        super().__init__()
        doublings = _halvings(rows, columns)
        self.size = (rows, columns)
        self.coarse = (math.ceil(rows / 2**doublings), math.ceil(columns / 2**doublings))
        depths = _depths(width, doublings)[::-1]
        self.start = nn.Linear(inputs, depths[0] * self.coarse[0] * self.coarse[1])
        layers: list[nn.Module] = [nn.SiLU()]
        for depth, following in zip(depths, [*depths[1:], depths[-1]], strict=True):
            layers += [
                nn.Upsample(scale_factor=2.0, mode="nearest"),
                nn.Conv2d(depth, following, 3, padding=1),
                nn.SiLU(),
            ]
        layers.append(nn.Conv2d(depths[-1], channels, 3, padding=1))
        self.grow = nn.Sequential(*layers)

    def forward(self, inputs: Tensor) -> Tensor:
        coarse = self.start(inputs).reshape(len(inputs), -1, *self.coarse)
        grown: Tensor = self.grow(coarse)
        return grown[:, :, : self.size[0], : self.size[1]]


def _is_dense(rows: int, columns: int) -> bool:
    """Tell whether the image is so small that dense layers are the better choice."""
    return rows * columns <= _DENSE_PIXELS


def _halvings(rows: int, columns: int) -> int:
    """Count the halvings that bring the shorter side down to about four pixels."""
    return max(1, math.floor(math.log2(min(rows, columns) / _COARSEST)))


def _depths(width: int, halvings: int) -> list[int]:
    """Choose the channels of each scale, finest first."""
    finest = max(8, width // 8)
    return [min(width, finest * 2**level) for level in range(halvings)]


def _dense_features(pixels: int, width: int) -> nn.Sequential:
    """Two hidden layers over flat pixels."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(pixels, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU()
    )


def _dense_body(inputs: int, width: int, pixels: int) -> nn.Sequential:
    """Two hidden layers onto flat pixels."""
    return nn.Sequential(
        nn.Linear(inputs, width),
        nn.SiLU(),
        nn.Linear(width, width),
        nn.SiLU(),
        nn.Linear(width, pixels),
    )


def _strided_features(
    channels: int, rows: int, columns: int, width: int
) -> tuple[nn.Sequential, int]:
    """Halve the image until it is coarse, and say how many numbers are left."""
    layers: list[nn.Module] = []
    depth = channels
    for following in _depths(width, _halvings(rows, columns)):
        layers += [nn.Conv2d(depth, following, 3, stride=2, padding=1), nn.SiLU()]
        rows, columns, depth = math.ceil(rows / 2), math.ceil(columns / 2), following
    return nn.Sequential(*layers, nn.Flatten()), depth * rows * columns
