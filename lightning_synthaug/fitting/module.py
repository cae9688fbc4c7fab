"""What all trainable generators of images share: averaged weights, and images in the range that networks take."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel
from torch.utils.data import TensorDataset

from lightning_synthaug.fitting.pictures import sample_images, tile
from lightning_synthaug.fitting.step_module import StepModule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor, nn

    from lightning_synthaug.fitting.data import FitData

__all__ = ["FitModule", "draw"]

_LOOKED_AT = 1024
_EACH, _SHOWN = 8, 10


class FitModule(StepModule):
    """Fit one kind of generator of images.

    A subclass makes its networks, hands the generating one to `average_over`, and says what one step does.

    Attributes:
        module: Import path of the network that is shipped.
        pixel_range: What the networks take for black and white.
        judged: Samples that the report is made from.
        classes: How many classes.
        average: Running average of the weights: these are judged and shipped.
    """

    module: ClassVar[str]
    pixel_range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    judged: ClassVar[int] = 1000
    average: AveragedModel

    def __init__(self, *, classes: int, learning_rate: float, total_steps: int) -> None:
        super().__init__(learning_rate=learning_rate, total_steps=total_steps)
        self.classes = classes

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

    def samples(self, data: FitData) -> TensorDataset:
        """Pair images with their classes."""
        return TensorDataset(torch.from_numpy(data.images), torch.from_numpy(data.classes))

    def step_on(self, batch: Sequence[Tensor]) -> dict[str, Tensor]:
        """Take a step on images in [0, 1] and class indices."""
        return self.take_step(*self._in_range(batch[0], batch[1]))

    def loss_on(self, data: FitData) -> float | None:
        """Measure a part of the held-out share."""
        images = torch.from_numpy(data.images[:_LOOKED_AT]).to(self.device)
        classes = torch.from_numpy(data.classes[:_LOOKED_AT]).to(self.device)
        with torch.no_grad():
            loss = self.held_out_loss(*self._in_range(images, classes))
        return None if loss is None else float(loss)

    def judged_weights(self) -> Mapping[str, Tensor]:
        """Name the averaged weights."""
        state: Mapping[str, Tensor] = self.average.state_dict()
        return state

    def take_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Put averaged weights back."""
        self.average.load_state_dict(weights)

    def conclude_on(self, data: FitData, most: int | None = None) -> None:
        """Let the subclass find what follows from the images."""
        images = torch.from_numpy(data.images[:most])
        self.conclude(*self._in_range(images, torch.from_numpy(data.classes[:most])))

    def show(self, writer: Any, step: int) -> None:
        """Write a row of samples for each class."""
        classes = np.repeat(np.arange(min(_SHOWN, self.classes)), _EACH)
        picture = tile(sample_images(self, classes)[0], _EACH)
        writer.add_image("samples", picture[..., :3], step, dataformats="HWC")

    def _in_range(self, images: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
        """Bring images and class indices into the form that the networks take."""
        return self.scaled(images), F.one_hot(classes, self.classes).to(images.dtype)


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
