"""Samples to look at while a fit runs and when it is done."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, final

import numpy as np
import torch
from torch.nn import functional as F

from lightning_synthaug.generators.libraries import needed_library
from lightning_synthaug.generators.torch_inputs import draw_latents

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from lightning_synthaug.fitting.module import FitModule
    from lightning_synthaug.fitting.step_module import StepModule

__all__ = ["Board", "sample_images", "tile"]

_A_TIME = 256


def sample_images(
    module: FitModule, classes: NDArray[np.int64], *, first_seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Make images with the averaged weights, the same noise each time.

    Args:
        module: While or after it is fitted.
        classes: Class indices wanted, shape `(n,)`.
        first_seed: Seed of the first image; the others follow.

    Returns:
        Images in [0, 1], shape `(n, channels, rows, columns)`, and their classes.
    """
    network, shape = module.shipped.eval(), module.latent_shape
    latents = torch.from_numpy(
        draw_latents(range(first_seed, first_seed + len(classes)), shape, "normal")
    )
    onehot = F.one_hot(torch.from_numpy(classes), module.classes).float()
    low, high = module.pixel_range
    parts = []
    with torch.inference_mode():
        for z, c in zip(latents.split(_A_TIME), onehot.split(_A_TIME), strict=True):
            made = network(z.to(module.device), c.to(module.device))
            parts.append(((made - low) / (high - low)).clamp(0, 1).float().cpu())
    return torch.cat(parts).numpy(), classes


def tile(images: NDArray[np.float32], columns: int) -> NDArray[np.uint8]:
    """Lay images out in a grid.

    Args:
        images: In [0, 1], shape `(n, channels, rows, columns)`; `n` a multiple of `columns`.
        columns: Images side by side.

    Returns:
        One picture, shape `(height, width, channels)`; of two channels the first.
    """
    if images.shape[1] == 2:
        images = images[:, :1]  # nothing shows two channels
    count, channels, rows, width = images.shape
    grid = images.reshape(count // columns, columns, channels, rows, width)
    whole = grid.transpose(0, 3, 1, 4, 2).reshape(-1, columns * width, channels)
    return np.rint(whole * 255).clip(0, 255).astype(np.uint8)


@final
class Board:
    """Write losses and samples for TensorBoard.

    Args:
        folder: Where to.

    Raises:
        MissingDependency: TensorBoard is not installed (SA832).
    """

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what it imports is deprecated here and there
            library = needed_library("torch.utils.tensorboard", "`logs`", "tensorboard")
            self._writer = library.SummaryWriter(str(folder))

    def add(self, module: StepModule, losses: Mapping[str, float], step: int) -> None:
        """Write one look.

        Args:
            module: While it is fitted.
            losses: By name.
            step: Steps so far.
        """
        for name, value in losses.items():
            self._writer.add_scalar(name, value, step)
        module.show(self._writer, step)

    def close(self) -> None:
        """Write what is left."""
        self._writer.close()
