"""The class-conditional variational autoencoder as a LightningModule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, final

import torch
from torch import nn
from torch.nn import functional as F

from lightning_synthaug.fitting.module import FitModule, draw
from lightning_synthaug.generators.networks.cvae import ClassDecoder, Encoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

__all__ = ["CVAE"]

_WARMTH = 0.2
_A_TIME = 256


@final
class CVAE(FitModule):
    """Learn to make images of a class.

    The loss of an image is the cross-entropy of its pixels, read as ink probabilities and summed,
    plus `beta` times the divergence of its latent from the standard normal. The weight of the
    latter grows over the first fifth of the fit; without that, tiny data sets end with a decoder
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

    kind: ClassVar[str] = "cvae"
    module: ClassVar[str] = "lightning_synthaug.generators.networks.cvae:ClassDecoder"

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
        super().__init__(classes=classes, learning_rate=learning_rate, total_steps=total_steps)
        self.latent = latent
        self.beta = beta
        self.network = _Halves(image_shape, classes=classes, latent=latent, width=width)
        self.average = self.average_over(self.network)
        self._private: Any = None

    @property
    def encoder(self) -> nn.Module:
        """The half that finds the latent of an image."""
        return self.network.encoder

    @property
    def decoder(self) -> ClassDecoder:
        """The half that makes images."""
        return self.network.decoder

    @property
    def shipped(self) -> nn.Module:
        """The averaged decoder."""
        halves: Any = self.average.module
        half: nn.Module = halves.decoder
        return half

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
        return _losses(self.network, images, F.one_hot(classes, self.classes).to(images.dtype))

    @property
    def averaged_encoder(self) -> nn.Module:
        """The averaged half that finds the latent of an image."""
        halves: Any = self.average.module
        half: nn.Module = halves.encoder
        return half

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """Shape of one latent."""
        return (self.latent,)

    def take_step(self, images: Tensor, onehot: Tensor) -> dict[str, Tensor]:
        """Take one step down the loss.

        Args:
            images: Shape `(n, channels, rows, columns)`, float in [0, 1].
            onehot: Shape `(n, classes)`.

        Returns:
            Both parts of the loss.
        """
        reconstruction, divergence = _losses(self.network, images, onehot)
        warmth = min(1.0, (self.progress + 1 / self.total_steps) / _WARMTH)
        self.descend(reconstruction + warmth * self.beta * divergence, self.all_optimizers()[0])
        self.average.update_parameters(self.network)
        return {"reconstruction": reconstruction, "divergence": divergence}

    def held_out_loss(self, images: Tensor, onehot: Tensor) -> Tensor:
        """Measure the averaged halves on images that are not fitted on, always with the same noise.

        Args:
            images: Shape `(n, channels, rows, columns)`, float in [0, 1].
            onehot: Shape `(n, classes)`.

        Returns:
            The whole loss in nats an image.
        """
        reconstruction, divergence = _losses(self.average.module, images, onehot, seed=1)
        return reconstruction + self.beta * divergence

    def conclude(self, images: Tensor, onehot: Tensor) -> None:
        """Find where the latents of each class lie.

        Args:
            images: What was fitted on, float in [0, 1], shape `(n, channels, rows, columns)`.
            onehot: Shape `(n, classes)`.
        """
        halves: Any = self.average.module
        with torch.no_grad():
            parts = zip(images.split(_A_TIME), onehot.split(_A_TIME), strict=True)
            found = [halves.encoder(i.to(self.device), c.to(self.device)) for i, c in parts]
            means, variances = (torch.cat(part) for part in zip(*found, strict=True))
            for label in range(self.classes):
                rows = onehot[:, label].to(self.device) > 0
                if not rows.any():
                    continue
                centre = means[rows].mean(0)
                apart = means[rows] - centre
                spread = apart.T @ apart / len(apart) + variances[rows].exp().mean(0).diag()
                halves.decoder.means[label] = centre
                halves.decoder.factors[label] = torch.linalg.cholesky(spread)

    def become_private(self, network: Any, optimizer: Any) -> None:
        """Take a network and an optimizer that keep single images private.

        Args:
            network: `network`, wrapped.
            optimizer: What `configure_optimizers` returned, wrapped.
        """
        self.network, self._private = network, optimizer

    def configure_optimizers(self) -> Any:
        """Choose AdamW, or take the one that keeps the fit private.

        Returns:
            The optimizer.
        """
        if self._private is not None:
            return self._private
        return torch.optim.AdamW(self.network.parameters(), self.learning_rate, weight_decay=1e-4)


@final
class _Halves(nn.Module):
    """Encoder and decoder as one network, from images to images."""

    def __init__(self, image_shape: Sequence[int], **sizes: Any) -> None:
        super().__init__()
        self.encoder = Encoder(image_shape=image_shape, **sizes)
        self.decoder = ClassDecoder(image_shape=image_shape, **sizes)

    def forward(
        self, images: Tensor, onehot: Tensor, seed: int | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return what the decoder makes of each image's latent, before the sigmoid, and mean and log variance."""
        mean, log_variance = self.encoder(images, onehot)
        latents = mean + torch.exp(0.5 * log_variance) * draw(mean.shape, mean, seed)
        return self.decoder.decoder.logits(latents, onehot), mean, log_variance


def _losses(
    halves: nn.Module, images: Tensor, onehot: Tensor, seed: int | None = None
) -> tuple[Tensor, Tensor]:
    """Average both parts of the loss over a batch."""
    logits, mean, log_variance = halves(images, onehot, seed)
    cross = F.binary_cross_entropy_with_logits(logits, images, reduction="none")
    divergence = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance)
    count = max(1, len(images))  # a private fit draws batches by chance, empty ones among them
    return cross.sum() / count, divergence.sum() / count
