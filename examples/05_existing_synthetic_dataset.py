"""Synthetic datasets that exist already: no generator, no cache; two of them, three to one."""

from __future__ import annotations

from collections import Counter
from typing import Any

import torch
from existing_project import Classifier, Digits, accuracy, make_trainer, train_loader
from torch.utils.data import Dataset

import lightning_synthaug as sa


class Changed(Dataset):
    """Stands for a dataset on disk whose items look like the real ones."""

    def __init__(self, change: Any) -> None:
        self.digits, self.change = Digits(train=True), change
        # The labels; without them, a stand-in's label is unknown.
        self.targets = self.digits.targets

    def __len__(self) -> int:
        return len(self.digits)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        image, label = self.digits[index]
        return self.change(image), label


class Counting(Classifier):
    def on_fit_start(self) -> None:
        self.seen: Counter[str] = Counter()

    def training_step(self, batch: Any, index: int) -> torch.Tensor:
        self.seen.update(sa.batch_info(self).source)
        return super().training_step(batch, index)


aug = sa.SynthAug(
    {
        "shifted": Changed(lambda image: image.roll(1, -1)),
        "faded": Changed(lambda image: image * 0.6),
    },
    weights={"shifted": 3, "faded": 1},
    ratio=sa.Steps([("0%", 0.0), ("50%", 0.4)]),
    seed=7,
)
model = Counting()
make_trainer(callbacks=[aug]).fit(model, train_loader())
print(", ".join(f"{rows} rows {source}" for source, rows in model.seen.items()))
print(f"{accuracy(model):.1%} right")
