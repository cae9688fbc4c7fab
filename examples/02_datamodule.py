"""Wrap a DataModule, level its classes, and weigh synthetic rows in the loss."""

from __future__ import annotations

from collections import Counter
from typing import Any

import torch
import torch.nn.functional as F
from existing_project import Classifier, Digits, accuracy, make_trainer, pl
from torch.utils.data import DataLoader, Subset

import lightning_synthaug as sa
from lightning_synthaug.assets import demo_generator


class FewLargeDigits(pl.LightningDataModule):
    """Ten of each digit up to 4, but only two of each from 5 on."""

    def setup(self, stage: str) -> None:
        digits = Digits(train=True)
        count: Counter[int] = Counter()
        keep = []
        for index, label in enumerate(digits.targets):
            count[label] += 1
            if count[label] <= (2 if label >= 5 else 10):
                keep.append(index)
        self.train = Subset(digits, keep)

    def train_dataloader(self) -> DataLoader:
        return DataLoader(self.train, batch_size=12, shuffle=True)


class Weighted(Classifier):
    """The same model; its loss asks which rows are synthetic."""

    def on_fit_start(self) -> None:
        self.seen: Counter[str] = Counter()

    def training_step(self, batch: Any, _: int) -> torch.Tensor:
        images, labels = batch
        info = sa.batch_info(self)
        for label, source in zip(labels.tolist(), info.source, strict=True):
            self.seen[f"{'5 to 9' if label >= 5 else '0 to 4'}, {source}"] += 1
        return info.weighted_mean(F.cross_entropy(self.net(images), labels, reduction="none"))


datamodule = sa.SynthAugDataModule(
    FewLargeDigits(),
    {"flow": demo_generator()},
    ratio=0.4,
    balance="uniform",
    loss_weight=0.7,
    cache="cache",
    seed=7,
)
model = Weighted()
make_trainer().fit(model, datamodule=datamodule)
for group, rows in sorted(model.seen.items()):
    print(f"{rows:5d} rows: {group}")
print(f"{accuracy(model):.1%} of all digits right")
