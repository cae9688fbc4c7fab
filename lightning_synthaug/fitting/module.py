"""What all trainable generators share: averaged weights, a step size that follows the progress, one step at a time."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel

from lightning_synthaug.fitting.framework import lightning

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor, nn

__all__ = ["FitModule", "draw"]

_WARM_UP = 0.05
_LEAST = 0.02


class FitModule(lightning.LightningModule, ABC):  # type: ignore[misc]  # one of two bases, chosen at run time
    """Fit one kind of generator.

    A subclass makes its networks, hands the generating one to `average_over`, and says what one step does. Optimizers
    are stepped by hand, since a GAN has two.

    Attributes:
        kind: Name on the command line and on the card.
        module: Import path of the network that is shipped.
        pixel_range: What the networks take for black and white.
        scheduled: Whether the step size falls towards the end.
        judged: Samples that the report is made from.
        classes: How many classes.
        learning_rate: Highest step size.
        total_steps: Steps of the whole fit.
        steps_done: Steps so far.
        hurry: Share of the time that is over, in [0, 1], where time is limited.
        average: Running average of the weights: these are judged and shipped.
    """

    kind: ClassVar[str]
    module: ClassVar[str]
    pixel_range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    scheduled: ClassVar[bool] = True
    judged: ClassVar[int] = 1000
    average: AveragedModel

    def __init__(self, *, classes: int, learning_rate: float, total_steps: int) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.classes = classes
        self.learning_rate = learning_rate
        self.total_steps = total_steps
        self.steps_done = 0
        self.hurry = 0.0

    def average_over(self, network: nn.Module, decay: float = 0.999) -> AveragedModel:
        """Begin a running average of a network's weights and statistics.

        The average looks back further the longer the fit has run, so that first weights do not stay in it.

        Args:
            network: The network, already made.
            decay: Weight of the past, in [0, 1).

        Returns:
            The average; not trained itself.
        """

        def towards(average: Tensor, now: Tensor, count: Tensor | int) -> Tensor:
            if not average.is_floating_point():
                return now
            past = min(decay, (1 + int(count)) / (10 + int(count)))
            return average.lerp(now.to(average.device), 1 - past)

        averaged = AveragedModel(network, avg_fn=towards, use_buffers=True)
        return averaged.requires_grad_(requires_grad=False).eval()

    @property
    def progress(self) -> float:
        """Share of the fit that is over, by steps or by time, whichever is further; in [0, 1]."""
        return min(1.0, max(self.steps_done / self.total_steps, self.hurry))

    @property
    @abstractmethod
    def shipped(self) -> nn.Module:
        """The averaged network that makes samples: latents and one-hot classes in, images out."""

    @property
    @abstractmethod
    def latent_shape(self) -> tuple[int, ...]:
        """Shape of one latent, without the batch."""

    @abstractmethod
    def take_step(self, images: Tensor, onehot: Tensor) -> dict[str, Tensor]:
        """Change the weights once.

        Args:
            images: In `pixel_range`, shape `(n, channels, rows, columns)`.
            onehot: Shape `(n, classes)`.

        Returns:
            Losses by name, for the bar and the card.
        """

    @abstractmethod
    def held_out_loss(self, images: Tensor, onehot: Tensor) -> Tensor | None:
        """Measure the averaged weights on images that are not fitted on.

        Args:
            images: In `pixel_range`, shape `(n, channels, rows, columns)`.
            onehot: Shape `(n, classes)`.

        Returns:
            The lower, the better; a scalar. None where no loss tells.
        """

    def conclude(self, images: Tensor, onehot: Tensor) -> None:
        """Add what is found after the fit, from all that was fitted on; by default nothing.

        Args:
            images: In `pixel_range`, shape `(n, channels, rows, columns)`.
            onehot: Shape `(n, classes)`.
        """

    def scaled(self, images: Tensor) -> Tensor:
        """Bring images in [0, 1] into `pixel_range`.

        Args:
            images: Any shape, in [0, 1].

        Returns:
            The same in `pixel_range`.
        """
        low, high = self.pixel_range
        return images * (high - low) + low

    def training_step(self, batch: Sequence[Tensor], batch_idx: int) -> dict[str, Any]:
        """Take one step at the step size that the progress asks for.

        Args:
            batch: Images in [0, 1] and class indices.
            batch_idx: Number of the batch, unused.

        Returns:
            Losses by name.
        """
        del batch_idx
        factor = _step_size(self.progress) if self.scheduled else 1.0
        for optimizer in self.all_optimizers(bare=True):
            for group in optimizer.param_groups:
                group["lr"] = factor * group.get("full_lr", self.learning_rate)
        onehot = F.one_hot(batch[1], self.classes).to(batch[0].dtype)
        losses = self.take_step(self.scaled(batch[0]), onehot)
        self.steps_done += 1
        return {name: loss.detach() for name, loss in losses.items()}

    def all_optimizers(self, *, bare: bool = False) -> list[Any]:
        """List the optimizers.

        Args:
            bare: As they are; otherwise in Lightning's wrapping, which holds a copy of what it wraps: good for steps,
                not for reading or changing state.

        Returns:
            One or more.
        """
        found = self.optimizers(use_pl_optimizer=not bare)
        return found if isinstance(found, list) else [found]

    def descend(self, loss: Tensor, optimizer: Any) -> None:
        """Take a step down a loss.

        Args:
            loss: Scalar.
            optimizer: One of `all_optimizers`.
        """
        optimizer.zero_grad()
        self.manual_backward(loss)
        optimizer.step()


def _step_size(progress: float) -> float:
    """Rise over the first twentieth, then fall as a cosine; a share of the highest."""
    rise = min(1.0, (progress + 1e-3) / _WARM_UP)
    return rise * (_LEAST + (1 - _LEAST) * 0.5 * (1 + math.cos(math.pi * progress)))


def draw(shape: Sequence[int], like: Tensor, seed: int | None = None) -> Tensor:
    """Draw standard normal numbers, from the global generator or from a seed of their own.

    Args:
        shape: Shape.
        like: A tensor on the device wanted.
        seed: Seed; None: the global generator goes on.

    Returns:
        float32, of that shape.
    """
    if seed is None:
        return torch.randn(*shape, device=like.device)
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).to(like.device)
