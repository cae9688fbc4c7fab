"""The class-conditional GAN as a LightningModule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, final

import torch
from torch.nn import functional as F

from lightning_synthaug.fitting.diffaugment import augment
from lightning_synthaug.fitting.module import FitModule, draw
from lightning_synthaug.generators.networks.cgan import Critic, ImageMaker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor, nn

__all__ = ["CGAN"]

_PENALTY = 10.0
_BETAS = (0.0, 0.99)


@final
class CGAN(FitModule):
    """Learn to make images of a class against a critic that learns to tell them from real ones.

    The critic takes its class as a projection, learns twice as fast as the generator, and sees only randomly changed
    images, so that few real ones cannot be learned by heart. The averaged generator is what counts.

    Args:
        image_shape: Channels, rows, columns.
        classes: How many classes, >= 1.
        latent: Size of the latent, >= 1.
        width: Channels at the finest scale, >= 1.
        loss: `"hinge"` with spectral norm, or `"wgan-gp"`: Wasserstein distance with gradient penalty, a third slower.
        augment: Whether the critic sees changed images.
        learning_rate: Step size of the generator, > 0.
        total_steps: Steps of the whole fit, >= 1.

    Source:
        Miyato & Koyama, ICLR 2018 (projection, hinge); Gulrajani et al., NeurIPS 2017 (gradient penalty); Zhao et al.,
        NeurIPS 2020 (changed images); Heusel et al., NeurIPS 2017 (two step sizes); Karras et al., ICLR 2018
        (averaged generator).
    """

    kind: ClassVar[str] = "cgan"
    module: ClassVar[str] = "lightning_synthaug.generators.networks.cgan:ImageMaker"
    pixel_range: ClassVar[tuple[float, float]] = (-1.0, 1.0)
    scheduled: ClassVar[bool] = False

    def __init__(
        self,
        *,
        image_shape: Sequence[int],
        classes: int,
        latent: int = 64,
        width: int = 32,
        loss: Literal["hinge", "wgan-gp"] = "hinge",
        augment: bool = True,
        learning_rate: float = 2e-4,
        total_steps: int = 4000,
    ) -> None:
        super().__init__(classes=classes, learning_rate=learning_rate, total_steps=total_steps)
        self.latent = latent
        self.loss = loss
        self.augment = augment
        sizes: dict[str, Any] = {"image_shape": image_shape, "classes": classes, "width": width}
        self.maker = ImageMaker(latent=latent, **sizes)
        self.critic = Critic(spectral=loss == "hinge", **sizes)
        self.average = self.average_over(self.maker)

    @property
    def shipped(self) -> nn.Module:
        """The averaged generator."""
        return self.average.module

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """Shape of one latent."""
        return (self.latent,)

    def take_step(self, images: Tensor, onehot: Tensor) -> dict[str, Tensor]:
        """Take one step of the critic, and one of the generator against it.

        Args:
            images: Shape `(n, channels, rows, columns)`, in [-1, 1].
            onehot: Shape `(n, classes)`.

        Returns:
            Both losses.
        """
        for_maker, for_critic = self.all_optimizers()
        with torch.no_grad():
            made = self._make(images, onehot)
        both = self._seen(torch.cat([images, made]))
        real, fake = self.critic(both, onehot.repeat(2, 1)).chunk(2)
        if self.loss == "hinge":
            critic_loss = F.relu(1 - real).mean() + F.relu(1 + fake).mean()
        else:
            penalty = self._penalty(both[: len(images)], both[len(images) :], onehot)
            critic_loss = (fake - real).mean() + _PENALTY * penalty
        self.descend(critic_loss, for_critic)
        maker_loss = -self.critic(self._seen(self._make(images, onehot)), onehot).mean()
        self.descend(maker_loss, for_maker)
        self.average.update_parameters(self.maker)
        return {"critic": critic_loss, "generator": maker_loss}

    def held_out_loss(self, images: Tensor, onehot: Tensor) -> None:
        """Tell nothing: a critic's loss does not say how good the samples are."""
        del images, onehot

    def configure_optimizers(self) -> Any:
        """Choose Adam for each of the two.

        Returns:
            The generator's, then the critic's.
        """
        rate = self.learning_rate
        fast = [{"params": list(self.critic.parameters()), "full_lr": 2 * rate}]
        return [
            torch.optim.Adam(self.maker.parameters(), rate, _BETAS),
            torch.optim.Adam(fast, 2 * rate, _BETAS),
        ]

    def _make(self, images: Tensor, onehot: Tensor) -> Tensor:
        """Make as many images, of the same classes."""
        made: Tensor = self.maker(draw((len(images), self.latent), images), onehot)
        return made

    def _seen(self, images: Tensor) -> Tensor:
        """Return what the critic sees of images."""
        seen: Tensor = augment(images) if self.augment else images
        return seen

    def _penalty(self, real: Tensor, made: Tensor, onehot: Tensor) -> Tensor:
        """Measure how far the critic's slope is from one, between real and made images."""
        share = torch.rand(len(real), 1, 1, 1, device=real.device)
        between = (share * real + (1 - share) * made).detach().requires_grad_()
        (slope,) = torch.autograd.grad(
            self.critic(between, onehot).sum(), between, create_graph=True
        )
        off: Tensor = slope.flatten(1).norm(dim=1) - 1
        return (off**2).mean()
