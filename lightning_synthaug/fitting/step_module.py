"""What every fit has, of images or of texts: steps whose size follows the progress, and what is looked at meanwhile."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from lightning_synthaug.fitting.framework import lightning

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor
    from torch.utils.data import TensorDataset

__all__ = ["StepModule"]

_WARM_UP = 0.05
_LEAST = 0.02


class StepModule(lightning.LightningModule, ABC):  # type: ignore[misc]  # one of two bases, chosen at run time
    """Fit one kind of generator, step by step.

    A subclass says what a batch is, what one step does, and which weights are judged and shipped. Optimizers are
    stepped by hand, since a GAN has two.

    Attributes:
        kind: Name on the command line and on the card.
        scheduled: Whether the step size falls towards the end.
        looks_every: Steps between looks at the held-out share, at least; a look is at the end of an epoch.
        learning_rate: Highest step size.
        total_steps: Steps of the whole fit.
        steps_done: Steps so far.
        hurry: Share of the time that is over, in [0, 1], where time is limited.
    """

    kind: ClassVar[str]
    scheduled: ClassVar[bool] = True
    looks_every: ClassVar[int] = 100

    def __init__(self, *, learning_rate: float, total_steps: int) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.learning_rate = learning_rate
        self.total_steps = total_steps
        self.steps_done = 0
        self.hurry = 0.0

    @property
    def progress(self) -> float:
        """Share of the fit that is over, by steps or by time, whichever is further; in [0, 1]."""
        return min(1.0, max(self.steps_done / self.total_steps, self.hurry))

    @abstractmethod
    def samples(self, data: Any) -> TensorDataset:
        """Bring data into the form that batches are made of.

        Args:
            data: What is fitted on.

        Returns:
            A row for each sample.
        """

    @abstractmethod
    def step_on(self, batch: Sequence[Tensor]) -> dict[str, Tensor]:
        """Change the weights once.

        Args:
            batch: Rows of what `samples` returned.

        Returns:
            Losses by name, for the bar and the card.
        """

    @abstractmethod
    def loss_on(self, data: Any) -> float | None:
        """Measure the weights that are judged on data that are not fitted on.

        Args:
            data: The held-out share.

        Returns:
            The lower, the better; None where no loss tells.
        """

    @abstractmethod
    def judged_weights(self) -> Mapping[str, Tensor]:
        """Name the weights that are judged and shipped."""

    @abstractmethod
    def take_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Put the best weights back.

        Args:
            weights: What `judged_weights` returned at some look.
        """

    def conclude_on(self, data: Any, most: int | None = None) -> None:
        """Add what is found after the fit, from all that was fitted on; by default nothing.

        Args:
            data: What was fitted on.
            most: Look at so many samples; None: at all.
        """

    @abstractmethod
    def show(self, writer: Any, step: int) -> None:
        """Write samples for TensorBoard.

        Args:
            writer: A `SummaryWriter`.
            step: Steps so far.
        """

    def training_step(self, batch: Sequence[Tensor], batch_idx: int) -> dict[str, Any]:
        """Take one step at the step size that the progress asks for.

        Args:
            batch: Rows of what `samples` returned.
            batch_idx: Number of the batch, unused.

        Returns:
            Losses by name.
        """
        del batch_idx
        factor = _step_size(self.progress) if self.scheduled else 1.0
        for optimizer in self.all_optimizers(bare=True):
            for group in optimizer.param_groups:
                group["lr"] = factor * group.get("full_lr", self.learning_rate)
        losses = self.step_on(batch)
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
