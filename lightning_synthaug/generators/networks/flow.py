"""A small class-conditional flow for tiny images: dense, a few thousand weights, sharp where a VAE blurs.

The network is a velocity field from noise to image, fitted by regression on straight lines between the two. Its
`forward` integrates the field, so that from outside it is a generator like any other: latent and class in, image out.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, final

import torch
from torch import nn
from torch.nn import functional as F

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

__all__ = ["FlowSampler"]

_FREQUENCIES = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)


@final
class FlowSampler(nn.Module):
    """Turn noise of the size of an image into an image of a class.

    Args:
        image_shape: Channels, rows, columns; the latent has as many numbers.
        classes: How many classes, >= 1.
        width: Hidden units, >= 1.
        steps: Steps of the integration, >= 1; each evaluates the network twice.

    Source:
        Lipman et al., ICLR 2023 and Liu et al., ICLR 2023 (flow matching on straight lines); Heun's method.
    """

    def __init__(
        self, *, image_shape: Sequence[int], classes: int, width: int = 176, steps: int = 16
    ) -> None:
        super().__init__()
        self.image_shape = tuple(image_shape)
        self.steps = steps
        pixels = math.prod(self.image_shape)
        conditions = classes + 2 * len(_FREQUENCIES)
        self.first = nn.Linear(pixels + conditions, width)
        self.second = nn.Linear(width + conditions, width)
        self.third = nn.Linear(width + conditions, width)
        self.last = nn.Linear(width, pixels)
        self.drop = nn.Dropout(0.1)

    def forward(self, latents: Tensor, onehot: Tensor) -> Tensor:
        """Sample a batch.

        Args:
            latents: Shape `(n, pixels)`, standard normal.
            onehot: Shape `(n, classes)`.

        Returns:
            Images of shape `(n, channels, rows, columns)`, mostly within [-1, 1].
        """
        state = latents
        step = 1.0 / self.steps
        for index in range(self.steps):
            time = torch.full_like(state[:, :1], index * step)
            slope = self.velocity(state, time, onehot)
            ahead = self.velocity(state + step * slope, time + step, onehot)
            state = state + 0.5 * step * (slope + ahead)
        return state.reshape(-1, *self.image_shape)

    def velocity(self, state: Tensor, time: Tensor, onehot: Tensor) -> Tensor:
        """Evaluate the field.

        Args:
            state: Between noise and image, shape `(n, pixels)`.
            time: 0 at the noise, 1 at the image, shape `(n, 1)`.
            onehot: Shape `(n, classes)`.

        Returns:
            Direction from noise to image, shape `(n, pixels)`.
        """
        waves = time * torch.tensor(_FREQUENCIES, device=time.device) * math.pi
        condition = torch.cat([onehot, torch.sin(waves), torch.cos(waves)], dim=1)
        hidden = self.drop(F.silu(self.first(torch.cat([state, condition], dim=1))))
        hidden = hidden + F.silu(self.second(torch.cat([hidden, condition], dim=1)))
        hidden = self.drop(hidden)
        hidden = hidden + F.silu(self.third(torch.cat([hidden, condition], dim=1)))
        direction: Tensor = self.last(hidden)
        return direction

    def regression_loss(self, images: Tensor, onehot: Tensor) -> Tensor:
        """Measure the field on random points of the lines from noise to images.

        Args:
            images: Shape `(n, channels, rows, columns)`, within [-1, 1].
            onehot: Shape `(n, classes)`.

        Returns:
            Mean squared error, a scalar.
        """
        end = images.flatten(1)
        start = torch.randn_like(end)
        time = torch.sigmoid(torch.randn_like(end[:, :1]))
        between = (1 - time) * start + time * end
        return F.mse_loss(self.velocity(between, time, onehot), end - start)
