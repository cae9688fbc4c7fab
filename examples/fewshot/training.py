"""A small network trained on few images, with the callback as the only addition."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from lightning.pytorch import LightningModule, Trainer
from torch import nn
from torch.utils.data import DataLoader, RandomSampler, TensorDataset, WeightedRandomSampler

import lightning_synthaug as sa
from lightning_synthaug.plan import child_seed


class Classifier(LightningModule):
    """Two convolutions, and a count of the synthetic rows that it was trained on."""

    def __init__(
        self,
        shape: tuple[int, ...],
        classes: int,
        *,
        steps: int,
        learning_rate: float,
        dropout: float,
        weights: list[float] | None = None,
    ) -> None:
        super().__init__()
        self.steps, self.learning_rate = steps, learning_rate
        self.weights = None if weights is None else torch.tensor(weights)
        self.synthetic, self.rows = 0, 0
        channels, height, width = shape
        self.net = nn.Sequential(
            nn.Conv2d(channels, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Dropout(dropout),
            nn.Linear(32 * (height // 4) * (width // 4), classes),
        )  # fmt: skip

    def training_step(self, batch: Any, _: int) -> torch.Tensor:
        images, labels = batch
        self.synthetic += int(sa.batch_info(self).is_synthetic.sum())
        self.rows += len(labels)
        return F.cross_entropy(self.net(images / 255), labels, weight=self.weights)

    def configure_optimizers(self) -> Any:
        optimizer = torch.optim.AdamW(self.parameters(), self.learning_rate, weight_decay=0.01)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, self.learning_rate, total_steps=self.steps
        )
        return [optimizer], [{"scheduler": schedule, "interval": "step"}]

    @torch.inference_mode()
    def right(self, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Which images it tells rightly."""
        self.eval()
        answers = self.net(channels_first(images) / 255).argmax(1)
        return answers.numpy() == labels


def channels_first(images: np.ndarray) -> torch.Tensor:
    """Images of shape (n, rows, columns) or (n, rows, columns, channels) as torch has them."""
    pixels = torch.from_numpy(images)
    return pixels[:, None] if pixels.ndim == 3 else pixels.permute(0, 3, 1, 2).contiguous()


def train(
    images: np.ndarray,
    labels: np.ndarray,
    aug: sa.SynthAug,
    *,
    seed: int,
    batch: int,
    chances: list[float] | None = None,
    **net: Any,
) -> Classifier:
    """Train a classifier; `chances` draw real images unevenly, `weights` weigh the losses of classes."""
    pixels = channels_first(images)
    data = TensorDataset(pixels, torch.from_numpy(labels))
    many = 25 * batch  # an epoch of 25 batches, however few images there are
    sampler: Any = RandomSampler(data, num_samples=many)
    if chances is not None:
        sampler = WeightedRandomSampler(chances, many)
    loader = DataLoader(data, batch, sampler=sampler)
    quiet = ["logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(child_seed(seed, "few-shot-weights"))  # the same in each arm
        model = Classifier(tuple(pixels.shape[1:]), int(labels.max()) + 1, **net)
        options: Any = {"max_steps": model.steps, "max_epochs": -1, "accelerator": "cpu"}
        Trainer(**options, callbacks=[aug], **dict.fromkeys(quiet, False)).fit(model, loader)
    return model
