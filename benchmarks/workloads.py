"""Datasets that several benchmarks load."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

__all__ = ["Arrays", "Jpegs", "Tensors"]


class Arrays(Dataset[Any]):
    """32x32x3 NumPy arrays in memory.

    Args:
        size: How many.
    """

    def __init__(self, size: int) -> None:
        rng = np.random.default_rng(0)
        self.images: Any = rng.integers(0, 255, (size, 32, 32, 3), np.uint8)
        self.labels = rng.integers(0, 10, size).tolist()

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        """Return an image and its label."""
        return self.images[index], self.labels[index]


class Tensors(Arrays):
    """The same as tensors, one at a time.

    Args:
        size: How many.
    """

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.images = torch.from_numpy(self.images)


class Jpegs(Dataset[Any]):
    """224x224 JPEG files, decoded by Pillow to arrays.

    Args:
        folder: An empty folder for the files.
        size: How many.
    """

    def __init__(self, folder: Path, size: int) -> None:
        from PIL import Image

        rng = np.random.default_rng(0)
        self.paths = [folder / f"{i}.jpg" for i in range(size)]
        self.targets = rng.integers(0, 10, size).tolist()
        for path in self.paths:
            coarse = rng.integers(0, 255, (28, 28, 3), np.uint8)
            Image.fromarray(coarse).resize((224, 224), Image.Resampling.BICUBIC).save(
                path, quality=90
            )

    def __len__(self) -> int:
        """Return the number of files."""
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        """Decode one file."""
        from PIL import Image

        with Image.open(self.paths[index]) as image:
            return np.asarray(image), self.targets[index]
