"""Fits in three processes, one after the other; each rank writes down what it was trained on.

Run as `python rank_run.py FOLDER`; Lightning starts the other ranks with the same arguments.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader

import lightning_synthaug as sa
from tests.helpers.recorder import recorder, trainer
from tests.helpers.traced import Tracer, read, traced_dataset

RANKS, SIZE, BATCH = 3, 46, 12  # the last global batch holds ten rows: 4, 3 and 3
RAMP = sa.Linear(0.0, 0.8, over="60%")


def loader(size: int = SIZE, **options: Any) -> DataLoader[Any]:
    return DataLoader(traced_dataset(size), BATCH // RANKS, **options)


def ranks(**options: Any) -> Any:
    return trainer(**({"strategy": "ddp", "devices": RANKS, "max_epochs": 2} | options))


class Pairs(type(recorder())):  # type: ignore[misc]
    """Trained on two loaders, of which the first is mixed; predicts by writing down what it is given."""

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        self.seen[len(self.seen)] = read(batch[0][0])
        return self.layer(batch[1][0].flatten(1) / 255).sum()

    def predict_step(self, batch: Any, batch_idx: int) -> None:
        self.seen[len(self.seen)] = read(batch[0])


def main(folder: Path) -> None:
    """Fit with Lightning's samplers and without, overfit beside another loader, predict."""
    torch.set_num_threads(1)
    told: dict[str, Any] = {}
    for name, injected in ("left", False), ("injected", True):
        model = recorder()
        aug = sa.SynthAug(Tracer(), RAMP, seed=3, cache=folder / name)
        run = ranks(callbacks=[aug], use_distributed_sampler=injected)
        run.fit(model, loader(shuffle=True))
        told[name] = model.seen
    model = Pairs()
    aug = sa.SynthAug(Tracer(), 0.25, seed=3, cache=folder / "overfit", target=0)
    run = ranks(callbacks=[aug], overfit_batches=2)
    run.fit(model, [loader(shuffle=True), loader(60, shuffle=True)])
    told["overfit"] = model.seen
    model = Pairs()
    run = ranks(callbacks=[sa.SynthAug(Tracer(), 1.0, cache=folder / "predict")])
    run.predict(model, loader(24))
    told["predict"] = model.seen
    (folder / f"rank{run.global_rank}.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
