"""A small class-conditional GAN for images of any size from 4 pixels a side.

The number of scales follows the size of the image. Only the generating half is needed to make samples; the other one is
here because both are built from the same arguments. Images are channels first, in [-1, 1].
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, final

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from lightning_synthaug.generators.networks.scales import coarse_size, depths, halvings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

__all__ = ["Critic", "ImageMaker"]

_WIDEST = 8


@final
class ImageMaker(nn.Module):
    """Turn noise into an image of a class.

    Args:
        image_shape: Channels, rows, columns.
        classes: How many classes, >= 1.
        latent: Size of the latent, >= 1.
        width: Channels at the finest scale, >= 1; they double from scale to scale, up to eight times.
        spread: Scale of the latents, >= 0. Below 1: more typical samples, less varied.

    Source:
        Radford, Metz & Chintala, ICLR 2016 (layout); Miyato & Koyama, ICLR 2018 (classes in the normalisation);
        Brock, Donahue & Simonyan, ICLR 2019 (`spread`, as truncation).
    """

    def __init__(
        self,
        *,
        image_shape: Sequence[int],
        classes: int,
        latent: int,
        width: int = 32,
        spread: float = 1.0,
    ) -> None:
        super().__init__()
        channels, rows, columns = image_shape
        self.size = (rows, columns)
        self.spread = spread
        self.coarse = coarse_size(rows, columns)
        scales = depths(width, _WIDEST * width, halvings(rows, columns) + 1)[::-1]
        self.start = nn.Linear(latent + classes, scales[0] * self.coarse[0] * self.coarse[1])
        self.norms = nn.ModuleList(_ClassNorm(depth, classes) for depth in scales)
        self.grow = nn.ModuleList(
            nn.ConvTranspose2d(depth, following, 4, stride=2, padding=1, bias=False)
            for depth, following in pairwise(scales)
        )
        self.last = nn.Conv2d(scales[-1], channels, 3, padding=1)

    def forward(self, latents: Tensor, onehot: Tensor) -> Tensor:
        """Make a batch.

        Args:
            latents: Shape `(n, latent)`, standard normal.
            onehot: Shape `(n, classes)`.

        Returns:
            Images of shape `(n, channels, rows, columns)`, float in [-1, 1].
        """
        state = self.start(torch.cat([self.spread * latents, onehot], dim=1))
        state = F.relu(self.norms[0](state.reshape(len(state), -1, *self.coarse), onehot))
        for grow, norm in zip(self.grow, list(self.norms)[1:], strict=True):
            state = F.relu(norm(grow(state), onehot))
        images: Tensor = torch.tanh(self.last(state))
        return images[:, :, : self.size[0], : self.size[1]]


@final
class Critic(nn.Module):
    """Say how real an image of a class looks.

    The class enters as a projection: the score is that of the image alone plus the product of its features with a
    vector of the class.

    Args:
        image_shape: Channels, rows, columns.
        classes: How many classes, >= 1.
        width: Channels at the finest scale, >= 1.
        spectral: Whether weights are spectrally normalised.

    Source:
        Miyato & Koyama, "cGANs with projection discriminator", ICLR 2018; Miyato et al., ICLR 2018 (spectral norm).
    """

    def __init__(
        self, *, image_shape: Sequence[int], classes: int, width: int = 32, spectral: bool = True
    ) -> None:
        super().__init__()
        channels, rows, columns = image_shape
        norm = spectral_norm if spectral else _as_it_is
        layers: list[nn.Module] = []
        depth = channels
        for following in depths(width, _WIDEST * width, halvings(rows, columns)):
            layers += [
                norm(nn.Conv2d(depth, following, 4, stride=2, padding=1)),
                nn.LeakyReLU(0.2),
            ]
            depth = following
        widest = min(_WIDEST * width, 2 * depth)
        layers += [norm(nn.Conv2d(depth, widest, 3, padding=1)), nn.LeakyReLU(0.2)]
        self.features = nn.Sequential(*layers)
        self.score = norm(nn.Linear(widest, 1))
        self.project = norm(nn.Linear(classes, widest, bias=False))

    def forward(self, images: Tensor, onehot: Tensor) -> Tensor:
        """Judge a batch.

        Args:
            images: Shape `(n, channels, rows, columns)`, in [-1, 1].
            onehot: Shape `(n, classes)`.

        Returns:
            Scores of shape `(n,)`; the higher, the more real.
        """
        features = self.features(images).sum((2, 3))
        score: Tensor = self.score(features)[:, 0] + (self.project(onehot) * features).sum(1)
        return score


def _as_it_is(layer: nn.Module) -> nn.Module:
    """Normalise nothing."""
    return layer


@final
class _ClassNorm(nn.Module):
    """Normalise each channel over the batch, then scale and shift it as the class asks."""

    def __init__(self, depth: int, classes: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(depth, affine=False)
        self.scale = nn.Linear(classes, depth, bias=False)
        self.shift = nn.Linear(classes, depth, bias=False)
        nn.init.ones_(self.scale.weight)
        nn.init.zeros_(self.shift.weight)

    def forward(self, state: Tensor, onehot: Tensor) -> Tensor:
        normal = self.norm(state)
        scaled: Tensor = (
            normal * self.scale(onehot)[..., None, None] + self.shift(onehot)[..., None, None]
        )
        return scaled
