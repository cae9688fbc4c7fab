"""A small classifier that is fitted on real images, to say what samples show."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, final

import torch
from torch import nn
from torch.nn import functional as F

from lightning_synthaug.generators.networks.scales import halvings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from lightning_synthaug.fitting.data import FitData

__all__ = ["Judge"]

_BATCH = 64
_STEPS = (100, 600)
_PASSES = 12
_A_TIME = 256
_RATE = 2e-3
_LARGEST = 32


@final
class Judge:
    """Recognise classes, having learned from real images alone; larger images are looked at in 32 pixels a side.

    Args:
        data: Real images; those that samples are compared with later must not be among them.
        steps: Steps of the fit; None: about twelve passes over the data, 100 to 600 steps.

    Example:
        >>> from lightning_synthaug.assets import digits_split
        >>> from lightning_synthaug.fitting.data import fit_data
        >>> parts = digits_split()
        >>> judge = Judge(fit_data(parts.partner.images, parts.partner.labels))
        >>> pool = fit_data(parts.train_pool.images, parts.train_pool.labels)
        >>> judge.accuracy(pool.images, pool.classes) > 0.9
        True
    """

    def __init__(self, data: FitData, *, steps: int | None = None) -> None:
        steps = steps or int(min(max(_PASSES * len(data.classes) / _BATCH, _STEPS[0]), _STEPS[1]))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self._network = _network(data.images.shape[1:], len(data.labels))
            _fit(self._network, data, steps)
        self._network.eval()

    def recognise(self, images: NDArray[np.float32]) -> NDArray[np.int64]:
        """Say what images show.

        Args:
            images: In [0, 1], shape `(n, channels, rows, columns)`.

        Returns:
            Class indices, shape `(n,)`.
        """
        with torch.inference_mode():
            parts = _small(images).split(_A_TIME)
            found: NDArray[np.int64] = torch.cat(
                [self._network(p).argmax(1) for p in parts]
            ).numpy()
        return found

    def accuracy(self, images: NDArray[np.float32], classes: NDArray[np.int64]) -> float:
        """Measure the share that is recognised as the class that it should show.

        Args:
            images: In [0, 1], shape `(n, channels, rows, columns)`.
            classes: Class indices, shape `(n,)`.

        Returns:
            In [0, 1].
        """
        return float((self.recognise(images) == classes).mean())


def _small(images: NDArray[np.float32]) -> Tensor:
    """Average over pixels of large images: what is enough to tell a class costs little then."""
    rows, columns = (min(side, _LARGEST) for side in images.shape[2:])
    return F.adaptive_avg_pool2d(torch.from_numpy(images), (rows, columns))


def _network(shape: tuple[int, ...], classes: int) -> nn.Module:
    """Make a classifier as deep as the images are large."""
    channels, rows, columns = shape[0], min(shape[1], _LARGEST), min(shape[2], _LARGEST)
    layers: list[nn.Module] = []
    depth = channels
    for level in range(halvings(rows, columns)):
        following = min(128, 32 * 2**level)
        layers += [
            nn.Conv2d(depth, following, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2, ceil_mode=True),
        ]
        depth, rows, columns = following, math.ceil(rows / 2), math.ceil(columns / 2)
    layers += [nn.Flatten(), nn.Dropout(0.4), nn.Linear(depth * rows * columns, 128), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(128, classes))


def _fit(network: nn.Module, data: FitData, steps: int) -> None:
    """Fit it, each class as often as it is there."""
    images, classes = _small(data.images), torch.from_numpy(data.classes)
    optimizer = torch.optim.AdamW(network.parameters(), _RATE, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=steps)
    for _ in range(steps):
        rows = torch.randint(len(images), (_BATCH,))
        loss = F.cross_entropy(network(images[rows]), classes[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
