"""A small network trained on few images, with the callback as the only addition."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from lightning.pytorch import LightningModule, Trainer
from torch import nn
from torch.utils.data import DataLoader, RandomSampler, TensorDataset

import lightning_synthaug as sa
from lightning_synthaug.plan import child_seed


class Classifier(LightningModule):
    """Two convolutions, and a count of the synthetic rows that it was trained on."""

    def __init__(self, classes: int, *, steps: int, learning_rate: float, dropout: float) -> None:
        super().__init__()
        self.steps, self.learning_rate = steps, learning_rate
        self.synthetic, self.rows = 0, 0
        self.net = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Dropout(dropout), nn.Linear(32 * 49, classes),
        )  # fmt: skip

    def training_step(self, batch: Any, _: int) -> torch.Tensor:
        images, labels = batch
        self.synthetic += int(sa.batch_info(self).is_synthetic.sum())
        self.rows += len(labels)
        return F.cross_entropy(self.net(images / 255), labels)

    def configure_optimizers(self) -> Any:
        optimizer = torch.optim.AdamW(self.parameters(), self.learning_rate, weight_decay=0.01)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, self.learning_rate, total_steps=self.steps
        )
        return [optimizer], [{"scheduler": schedule, "interval": "step"}]

    @torch.inference_mode()
    def accuracy(self, images: np.ndarray, labels: np.ndarray) -> float:
        self.eval()
        answers = self.net(torch.from_numpy(images)[:, None] / 255).argmax(1)
        return float((answers == torch.from_numpy(labels)).float().mean())


def train(
    images: np.ndarray, labels: np.ndarray, aug: sa.SynthAug, *, seed: int, batch: int, **net: Any
) -> Classifier:
    data = TensorDataset(torch.from_numpy(images)[:, None], torch.from_numpy(labels))
    # An epoch of 25 batches, however few images there are.
    loader = DataLoader(data, batch, sampler=RandomSampler(data, num_samples=25 * batch))
    quiet = ["logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(child_seed(seed, "few-shot-weights"))  # the same in each arm
        model = Classifier(10, **net)
        options: Any = {"max_steps": model.steps, "max_epochs": -1, "accelerator": "cpu"}
        Trainer(**options, callbacks=[aug], **dict.fromkeys(quiet, False)).fit(model, loader)
    return model
