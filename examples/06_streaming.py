"""A stream without an index or a length: rows of its finished batches are replaced, and a resume goes on exactly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from existing_project import Classifier, Digits, accuracy, make_trainer, to_tensor
from torch.utils.data import DataLoader, IterableDataset

import lightning_synthaug as sa
from lightning_synthaug.assets import demo_generator

STEPS = 150


class DigitStream(IterableDataset):
    """Stands for shards on a network: samples come in their own order, and nobody knows how many."""

    def __iter__(self) -> Iterator[Any]:
        digits = Digits(train=True)
        for index in torch.randperm(len(digits)).tolist():
            yield digits[index]


def as_the_stream_does(record: Any) -> tuple[torch.Tensor, int]:
    return to_tensor(record["image"]), record["label"]


class Counting(Classifier):
    def on_fit_start(self) -> None:
        self.rows = self.synthetic = 0

    def training_step(self, batch: Any, index: int) -> torch.Tensor:
        info = sa.batch_info(self)
        self.rows += len(info.rows)
        self.synthetic += int(info.is_synthetic.sum())
        return super().training_step(batch, index)


def fit(steps: int, resume: str | None = None) -> Counting:
    aug = sa.SynthAug(
        demo_generator(),
        sa.Steps([("0ba", 0.0), ("50ba", 0.4)]),
        pool=20,  # samples of each label
        item=as_the_stream_does,
        cache="cache",
        seed=7,
    )
    model = Counting()
    trainer = make_trainer(callbacks=[aug], max_epochs=-1, max_steps=steps)
    trainer.fit(model, DataLoader(DigitStream(), batch_size=10), ckpt_path=resume)
    trainer.save_checkpoint("run.ckpt")
    print(f"{steps} steps: {model.synthetic} of {model.rows} rows synthetic")
    return model


fit(70)
model = fit(STEPS, resume="run.ckpt")
print(f"{accuracy(model):.1%} right")
