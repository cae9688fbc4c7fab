"""Segmentation: a generator makes images with their masks, and albumentations moves both alike, real and synthetic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import albumentations as A
import numpy as np
import torch
import torch.nn.functional as F
from existing_project import make_trainer, pl
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import lightning_synthaug as sa

SIDE = 32


def scene(rng: np.random.Generator, contrast: float) -> tuple[np.ndarray, np.ndarray]:
    """Discs to be found, among stripes that are as bright."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    mask, image = np.zeros((SIDE, SIDE), np.uint8), rng.normal(90, 6, (SIDE, SIDE))
    image[:, rng.integers(0, SIDE, 3)] += contrast
    for _ in range(rng.integers(1, 4)):
        row, column, radius = rng.uniform(5, 27), rng.uniform(5, 27), rng.uniform(2, 6)
        mask |= np.hypot(rows - row, columns - column) < radius
    return (image + contrast * mask).clip(0, 255).astype(np.uint8), mask


class Simulator(sa.Generator):
    """It knows the mask of what it draws, but not how real scenes are lit."""

    def fingerprint(self) -> str:
        return "discs-1"

    def generate(self, requests: Sequence[sa.Request]) -> list[sa.Record | sa.Rejection]:
        made = [scene(np.random.default_rng(r.seed), contrast=60) for r in requests]
        return [sa.Record({"image": image, "mask": mask}) for image, mask in made]


def real(size: int, seed: int) -> TensorDataset:
    rng = np.random.default_rng(seed)
    images, masks = zip(*(scene(rng, rng.uniform(40, 90)) for _ in range(size)), strict=True)
    return TensorDataset(torch.tensor(np.stack(images)), torch.tensor(np.stack(masks)))


class Segmenter(pl.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Unflatten(1, (1, SIDE))]
        for inside, wide in ((1, 1), (16, 2), (16, 4)):
            layers += [nn.Conv2d(inside, 16, 3, padding=wide, dilation=wide), nn.ReLU()]
        self.net = nn.Sequential(*layers, nn.Conv2d(16, 1, 1), nn.Flatten(1, 2))

    def training_step(self, batch: Any, _: int) -> torch.Tensor:
        images, masks = batch
        return F.binary_cross_entropy_with_logits(self.net(images / 255), masks.float())

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=5e-3)


flips = A.Compose([A.HorizontalFlip(), A.VerticalFlip()])
aug = sa.SynthAug(Simulator(), ratio=0.5, pool=100, transform=flips, cache="cache", codec="png")
images, masks = real(200, seed=1).tensors
for callbacks in ([], [aug]):
    trainer, model = make_trainer(callbacks=callbacks, max_epochs=200), Segmenter()
    trainer.fit(model, DataLoader(real(6, seed=0), batch_size=6, shuffle=True))
    found, discs = model.net(images / 255) > 0, masks > 0
    overlap = float((found & discs).sum() / (found | discs).sum())
    word = "with" if callbacks else "without"
    print(f"{word} SynthAug: {trainer.global_step} steps, overlap {overlap:.1%}")
