"""A Lightning project as it might be before: data, model, trainer. The numbered examples add to it.

It runs with either package: `LIGHTNING=pytorch_lightning python 01_callback.py`.
"""

from __future__ import annotations

import logging
import os
from importlib import import_module
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, Dataset

PACKAGE = os.environ.get("LIGHTNING", "lightning.pytorch")
pl: Any = import_module(PACKAGE)
logging.getLogger(PACKAGE).setLevel(logging.ERROR)


def to_tensor(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(image).float().unsqueeze(0) / 255


class Digits(Dataset):
    """Handwritten 8x8 digits, in the style of torchvision."""

    def __init__(self, *, train: bool) -> None:
        digits = load_digits()
        part = slice(0, 100) if train else slice(1000, None)
        self.images = (digits.images[part] * (255 / 16)).astype(np.uint8)
        self.targets = digits.target[part].tolist()
        self.transform = to_tensor

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return self.transform(self.images[index]), self.targets[index]


class Classifier(pl.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.net = torch.nn.Sequential(
            torch.nn.Conv2d(1, 32, 3),
            torch.nn.ReLU(),
            torch.nn.Flatten(),
            torch.nn.Linear(1152, 10),
        )

    def training_step(self, batch: Any, _: int) -> torch.Tensor:
        images, labels = batch
        return F.cross_entropy(self.net(images), labels)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=3e-3)


def train_loader() -> DataLoader:
    return DataLoader(Digits(train=True), batch_size=20, shuffle=True)


def make_trainer(**options: Any) -> Any:
    pl.seed_everything(7)
    quiet = dict.fromkeys(
        ["enable_checkpointing", "enable_progress_bar", "enable_model_summary", "logger"], False
    )
    return pl.Trainer(accelerator="cpu", **(quiet | {"max_epochs": 30} | options))


@torch.inference_mode()
def accuracy(model: Classifier) -> float:
    images, labels = next(iter(DataLoader(Digits(train=False), batch_size=1000)))
    return float((model.net(images).argmax(1) == labels).float().mean())
