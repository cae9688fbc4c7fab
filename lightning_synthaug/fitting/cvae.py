"""The class-conditional variational autoencoder as a LightningModule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import torch
from torch.nn import functional as F

from lightning_synthaug.fitting.framework import lightning
from lightning_synthaug.generators.networks.cvae import Decoder, Encoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

__all__ = ["CVAE"]


@final
class CVAE(lightning.LightningModule):  # type: ignore[misc]  # one of two bases, chosen at run time
    """Learn to make images of a class.

    The loss of an image is the cross-entropy of its pixels, read as ink probabilities and summed,
    plus `beta` times the divergence of its latent from the standard normal. The weight of the
    latter grows over the first fifth of the steps; without that, tiny data sets end with a decoder
    that ignores its latent.

    Args:
        image_shape: Channels, rows, columns.
        classes: How many classes, >= 1.
        latent: Size of the latent, >= 1.
        width: Hidden units, >= 1.
        beta: Weight of the divergence, > 0. Small: sharper and more varied, but more malformed
            samples.
        learning_rate: Highest step size, > 0.
        total_steps: Steps of the whole fit, for the schedules, >= 1.

    Source:
        Sohn, Lee & Yan, NeurIPS 2015 (conditional VAE); Higgins et al., ICLR 2017 (`beta`);
        Bowman et al., CoNLL 2016 (growing weight).
    """

    def __init__(
        self,
        *,
        image_shape: Sequence[int],
        classes: int,
        latent: int = 8,
        width: int = 192,
        beta: float = 0.3,
        learning_rate: float = 2e-3,
        total_steps: int = 4000,
    ) -> None:
        super().__init__()
        self.classes = classes
        self.beta = beta
        self.learning_rate = learning_rate
        self.total_steps = total_steps
        sizes: dict[str, Any] = {"classes": classes, "latent": latent, "width": width}
        self.encoder = Encoder(image_shape=image_shape, **sizes)
        self.decoder = Decoder(image_shape=image_shape, **sizes)

    def forward(self, latents: Tensor, onehot: Tensor) -> Tensor:
        """Decode latents.

        Args:
            latents: Shape `(n, latent)`, standard normal.
            onehot: Shape `(n, classes)`.

        Returns:
            Images of shape `(n, channels, rows, columns)`, float in [0, 1].
        """
        images: Tensor = self.decoder(latents, onehot)
        return images

    def losses(self, images: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
        """Measure a batch.

        Args:
            images: Shape `(n, channels, rows, columns)`, float in [0, 1].
            classes: Class indices, shape `(n,)`.

        Returns:
            Reconstruction and divergence in nats an image, each averaged over the batch.
        """
        onehot = F.one_hot(classes, self.classes).to(images.dtype)
        mean, log_variance = self.encoder(images, onehot)
        latents = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        logits = self.decoder.logits(latents, onehot)
        cross = F.binary_cross_entropy_with_logits(logits, images, reduction="none")
        divergence = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance)
        return cross.flatten(1).sum(1).mean(), divergence.sum(1).mean()

    def training_step(self, batch: Sequence[Tensor], batch_idx: int) -> dict[str, Any]:
        """Take one step.

        Args:
            batch: Images and class indices.
            batch_idx: Number of the batch, unused.

        Returns:
            The loss, and its parts for the bar and the card.
        """
        del batch_idx
        reconstruction, divergence = self.losses(batch[0], batch[1])
        warmth = min(1.0, (self.global_step + 1) / (0.2 * self.total_steps))
        loss = reconstruction + warmth * self.beta * divergence
        return {
            "loss": loss,
            "reconstruction": reconstruction.detach(),
            "divergence": divergence.detach(),
        }

    def configure_optimizers(self) -> dict[str, Any]:
        """Choose AdamW with one rise and one fall of the step size.

        Returns:
            Optimizer and scheduler, as Lightning takes them.
        """
        optimizer = torch.optim.AdamW(self.parameters(), self.learning_rate, weight_decay=1e-4)
        scheduler = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, self.learning_rate, total_steps=self.total_steps + 1, pct_start=0.1
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
        }
