"""The demo's digits: few real ones drawn by seed, and the test digits that nothing else sees."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.utils.data import TensorDataset

from lightning_synthaug.assets import Digits
from lightning_synthaug.plan import child_seed

__all__ = ["classical", "draw", "joined", "training_set"]


def draw(pool: Digits, size: int, seed: int) -> Digits:
    """Draw the real training digits of one repetition.

    Args:
        pool: Digits to draw from, at least `size` of each class.
        size: Digits of each class, >= 1.
        seed: Seed of the repetition.

    Returns:
        `10 * size` digits, ordered by class.
    """
    generator = np.random.Generator(np.random.Philox(key=child_seed(seed, "demo-draw", size)))
    rows = [
        generator.choice(np.flatnonzero(pool.labels == label), size, replace=False)
        for label in range(10)
    ]
    return pool.take(np.concatenate(rows))


def joined(real: Digits, partner: Digits) -> Digits:
    """Put the partner's digits beside the real ones: the case of data that may be shared.

    Args:
        real: The drawn digits.
        partner: The partner's.

    Returns:
        All of them, each once.
    """
    return Digits(
        np.concatenate([real.images, partner.images]), np.concatenate([real.labels, partner.labels])
    )


def training_set(digits: Digits, epoch: int) -> TensorDataset:
    """Make the dataset of a run: each digit listed equally often, up to about an epoch's length.

    Args:
        digits: Real training digits.
        epoch: Length to reach; digits are listed once when there are more.

    Returns:
        Images, uint8 of shape `(1, 8, 8)`, and labels.
    """
    times = max(1, epoch // len(digits))
    images = torch.from_numpy(digits.images).unsqueeze(1).repeat(times, 1, 1, 1)
    return TensorDataset(images, torch.from_numpy(digits.labels).repeat(times))


def classical() -> Any:
    """Build the classical augmentation: small moves that leave an 8x8 digit what it is.

    Returns:
        An albumentations pipeline for uint8 images of shape `(8, 8)`.
    """
    import albumentations

    move = albumentations.Affine(
        scale=(0.9, 1.1), translate_percent=(-0.06, 0.06), rotate=(-12, 12), shear=(-8, 8), p=0.9
    )
    return albumentations.Compose([move])
