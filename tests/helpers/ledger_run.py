"""A fit that writes a ledger and saves every few batches, until it is killed; each batch is told in a line.

Run as `python ledger_run.py FOLDER`.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback
from torch.utils.data import DataLoader

import lightning_synthaug as sa
from tests.helpers.recorder import recorder, saver, trainer
from tests.helpers.traced import Sample, Tracer, traced_dataset

SIZE, BATCH, EPOCHS, EVERY = 45, 8, 4, 5


class Telling(Callback):
    """Tell what the model saw, slowly."""

    def on_train_batch_end(self, trainer: Any, pl_module: Any, *_: Any) -> None:
        number = max(pl_module.seen)
        sys.stdout.write(json.dumps([number, pl_module.seen[number]]) + "\n")
        sys.stdout.flush()
        time.sleep(0.02)


def fit(folder: Path, *callbacks: Any, resume: Path | None = None) -> dict[int, list[Sample]]:
    """Train to the end; what the model saw."""
    torch.set_num_threads(1)
    aug = sa.SynthAug(
        Tracer(reject=3),
        sa.Linear(0.0, 0.8),
        seed=3,
        cache=folder / "cache",
        ledger=folder / "ledger",
    )
    model = recorder()
    run = trainer(max_epochs=EPOCHS, callbacks=[aug, saver(folder, EVERY), *callbacks])
    loader = DataLoader(traced_dataset(SIZE), BATCH, shuffle=True, num_workers=1)
    run.fit(model, loader, ckpt_path=resume)
    seen: dict[int, list[Sample]] = model.seen
    return seen


if __name__ == "__main__":
    fit(Path(sys.argv[1]), Telling())
