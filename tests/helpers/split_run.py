"""A toy whose synthetic samples are shifted; run as a script, a fit on it in two processes.

`python split_run.py FOLDER`: Lightning starts the second rank with the same argument, and each writes `rank{r}.pt`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningModule
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset

import lightning_synthaug as sa
from tests.helpers.recorder import trainer

FEATURES = 8


def samples(size: int, seed: int, *, shift: bool = False) -> TensorDataset:
    """Two classes along one direction; shifted ones are moved along it, and wider."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(size) % 2
    x = torch.randn(size, FEATURES, generator=generator)
    x[:, 0] += 3.0 * labels - 1.5
    return TensorDataset(2 * x + 4 if shift else x, labels)


class Classifier(LightningModule):
    """A small network whose loss is weighted by row."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(FEATURES, 8), nn.BatchNorm1d(8), nn.Linear(8, 2))

    def training_step(self, batch: Any, _: int) -> torch.Tensor:
        """Train on a mixed batch."""
        x, y = batch
        loss = cross_entropy(self.net(x), y, reduction="none")
        return sa.batch_info(self).weighted_mean(loss)

    def configure_optimizers(self) -> Any:
        """Plain SGD."""
        return torch.optim.SGD(self.parameters(), lr=0.05)


def main(folder: Path) -> None:
    """Train in two ranks, some of whose batches have no synthetic row or a single one."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    told: dict[str, Any] = {"pid": os.getpid(), "counts": []}

    class Counting(Classifier):
        def training_step(self, batch: Any, index: int) -> torch.Tensor:
            told["counts"].append(int(sa.batch_info(self).is_synthetic.sum()))
            return super().training_step(batch, index)

    model = sa.split_batchnorm(Counting())
    aug = sa.SynthAug(samples(64, 1, shift=True), 0.2)
    run = trainer(strategy="ddp", devices=2, callbacks=[aug], max_epochs=2)
    run.fit(model, DataLoader(samples(64, 0), 4))
    told["state"] = model.state_dict()
    torch.save(told, folder / f"rank{run.global_rank}.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
