"""A small class-conditional variational autoencoder: dense for tiny images, convolutional above.

Both halves are chosen by the shape of the image alone, so that a folder of weights and its card are
enough to build the decoder again. Images are channels first, float in [0, 1].
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, final

import torch
from torch import nn

from lightning_synthaug.generators.networks.scales import coarse_size, depths, halvings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

__all__ = ["ClassDecoder", "Decoder", "Encoder"]

_DENSE_PIXELS = 16 * 16


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
class ClassDecoder(nn.Module):
    """A decoder that knows where the latents of each class lie, and can be steered there.

    An encoder does not fill the standard normal evenly, least of all class by class. So standard normal noise is first
    brought to the mean and covariance that the latents of the class have:
    `latent = around[class] + spread * factor[class] @ noise + u * along[class]`, where `u` is uniform in [0, 1), from
    one number of noise more.

    Args:
        image_shape: Channels, rows, columns.
        classes: How many classes, >= 1.
        latent: Size of the latent, >= 1.
        width: As of `Decoder`.
        spread: Scale of the noise, >= 0. Below 1: nearer to `around`, more typical.
        around: Where samples lie, in place of the mean of their class: one latent, or one for each class.
        along: A way that samples are moved along, each by another share of it: one latent, or one for each class.

    Source:
        Ghosh et al., "From variational to deterministic autoencoders", ICLR 2020 (density fitted afterwards).
    """

    means: Tensor
    factors: Tensor

    def __init__(
        self,
        *,
        image_shape: Sequence[int],
        classes: int,
        latent: int,
        width: int = 256,
        spread: float = 1.0,
        around: Sequence[Any] | None = None,
        along: Sequence[Any] | None = None,
    ) -> None:
        super().__init__()
        self.decoder = Decoder(image_shape=image_shape, classes=classes, latent=latent, width=width)
        self.latent = latent
        self.spread = spread
        self.register_buffer("means", torch.zeros(classes, latent))
        self.register_buffer("factors", torch.eye(latent).repeat(classes, 1, 1))
        self.around = None if around is None else _by_class(around, classes, latent)
        self.along = None if along is None else _by_class(along, classes, latent)

    def forward(self, noise: Tensor, onehot: Tensor) -> Tensor:
        """Make a batch.

        Args:
            noise: Standard normal, shape `(n, latent)`, or with `along` `(n, latent + 1)`.
            onehot: Shape `(n, classes)`.

        Returns:
            Images of shape `(n, channels, rows, columns)`, float in [0, 1].
        """
        images: Tensor = self.decoder(self.place(noise, onehot), onehot)
        return images

    def place(self, noise: Tensor, onehot: Tensor) -> Tensor:
        """Bring noise to where the latents of its class lie.

        Args:
            noise: As of `forward`.
            onehot: Shape `(n, classes)`.

        Returns:
            Latents, shape `(n, latent)`.
        """
        around = self.means if self.around is None else self.around.to(noise)
        factors = torch.einsum("nc,cij->nij", onehot, self.factors)
        moved = torch.einsum("nij,nj->ni", factors, noise[:, : self.latent])
        latents = onehot @ around + self.spread * moved
        if self.along is not None:
            share = torch.special.ndtr(noise[:, self.latent :])
            latents = latents + share * (onehot @ self.along.to(noise))
        return latents


def _by_class(vectors: Sequence[Any], classes: int, latent: int) -> Tensor:
    """Read one latent for all classes, or one for each."""
    return torch.tensor(vectors, dtype=torch.float32).expand(classes, latent)


@final
class _Upsampler(nn.Module):
    """Grow a coarse map by factors of two, then crop to the image."""

    def __init__(self, inputs: int, width: int, channels: int, rows: int, columns: int) -> None:
        super().__init__()
        doublings = halvings(rows, columns)
        self.size = (rows, columns)
        self.coarse = coarse_size(rows, columns)
        scales = depths(max(8, width // 8), width, doublings)[::-1]
        self.start = nn.Linear(inputs, scales[0] * self.coarse[0] * self.coarse[1])
        layers: list[nn.Module] = [nn.SiLU()]
        for depth, following in zip(scales, [*scales[1:], scales[-1]], strict=True):
            layers += [
                nn.Upsample(scale_factor=2.0, mode="nearest"),
                nn.Conv2d(depth, following, 3, padding=1),
                nn.SiLU(),
            ]
        layers.append(nn.Conv2d(scales[-1], channels, 3, padding=1))
        self.grow = nn.Sequential(*layers)

    def forward(self, inputs: Tensor) -> Tensor:
        coarse = self.start(inputs).reshape(len(inputs), -1, *self.coarse)
        grown: Tensor = self.grow(coarse)
        return grown[:, :, : self.size[0], : self.size[1]]


def _is_dense(rows: int, columns: int) -> bool:
    """Tell whether the image is so small that dense layers are the better choice."""
    return rows * columns <= _DENSE_PIXELS


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
    for following in depths(max(8, width // 8), width, halvings(rows, columns)):
        layers += [nn.Conv2d(depth, following, 3, stride=2, padding=1), nn.SiLU()]
        rows, columns, depth = math.ceil(rows / 2), math.ceil(columns / 2), following
    return nn.Sequential(*layers, nn.Flatten()), depth * rows * columns
