"""The class-conditional diffusion model as a LightningModule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, final

import torch
from torch.nn import functional as F

from lightning_synthaug.fitting.module import FitModule, draw
from lightning_synthaug.generators.networks.diffusion import DiffusionSampler, noise_schedule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor, nn

__all__ = ["Diffusion"]

_NOBODY = 0.15


@final
class Diffusion(FitModule):
    """Learn to take noise off images of a class.

    Now and then the class is kept from the network, so that sampling can steer away from what has none in particular.

    Args:
        image_shape: Channels, rows, columns.
        classes: How many classes, >= 1.
        width: Channels at the finest scale, a multiple of 8.
        learning_rate: Highest step size, > 0.
        total_steps: Steps of the whole fit, for the schedules, >= 1.

    Source:
        Ho, Jain & Abbeel, NeurIPS 2020; Salimans & Ho, ICLR 2022 (velocity as the target); Ho & Salimans 2022
        (classifier-free guidance).
    """

    kind: ClassVar[str] = "diffusion"
    module: ClassVar[str] = "lightning_synthaug.generators.networks.diffusion:DiffusionSampler"
    pixel_range: ClassVar[tuple[float, float]] = (-1.0, 1.0)
    judged: ClassVar[int] = 200

    def __init__(
        self,
        *,
        image_shape: Sequence[int],
        classes: int,
        width: int = 32,
        learning_rate: float = 1e-3,
        total_steps: int = 4000,
    ) -> None:
        super().__init__(classes=classes, learning_rate=learning_rate, total_steps=total_steps)
        self.image_shape = tuple(image_shape)
        self.network = DiffusionSampler(image_shape=image_shape, classes=classes, width=width)
        self.average = self.average_over(self.network)
        self.schedule = noise_schedule("ddim")

    @property
    def shipped(self) -> nn.Module:
        """The averaged network."""
        return self.average.module

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """Shape of one latent."""
        return self.image_shape

    def take_step(self, images: Tensor, onehot: Tensor) -> dict[str, Tensor]:
        """Take one step down the loss.

        Args:
            images: Shape `(n, channels, rows, columns)`, in [-1, 1].
            onehot: Shape `(n, classes)`.

        Returns:
            The loss.
        """
        index = onehot.argmax(1)
        kept = torch.rand(len(index), device=index.device) >= _NOBODY
        noise = draw(images.shape, images)
        times = torch.randint(len(self.schedule.betas), (len(images),), device=images.device)
        index = torch.where(kept, index, self.classes)
        loss = self._loss(self.network, images, index, noise, times)
        self.descend(loss, self.all_optimizers()[0])
        self.average.update_parameters(self.network)
        return {"denoising": loss}

    def held_out_loss(self, images: Tensor, onehot: Tensor) -> Tensor:
        """Measure the averaged network on images that are not fitted on, always with the same noise.

        Args:
            images: Shape `(n, channels, rows, columns)`, in [-1, 1].
            onehot: Shape `(n, classes)`.

        Returns:
            Mean squared error of the velocity.
        """
        noise = draw(images.shape, images, seed=1)
        last = len(self.schedule.betas) - 1
        times = torch.linspace(0, last, len(images), device=images.device).long()
        return self._loss(self.average.module, images, onehot.argmax(1), noise, times)

    def configure_optimizers(self) -> Any:
        """Choose AdamW.

        Returns:
            The optimizer.
        """
        return torch.optim.AdamW(self.network.parameters(), self.learning_rate, weight_decay=1e-4)

    def _loss(
        self, network: Any, images: Tensor, index: Tensor, noise: Tensor, times: Tensor
    ) -> Tensor:
        """Compare the velocity found with the true one."""
        state = self.schedule.add_noise(images, noise, times)
        target = self.schedule.get_velocity(images, noise, times)
        return F.mse_loss(network.velocity(state, times, index), target)
