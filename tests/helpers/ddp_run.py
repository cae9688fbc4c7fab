"""A fit in two processes; each rank writes down what it was trained on.

Run as `python ddp_run.py SPEC`, where SPEC is a JSON object with what `DEFAULTS` lists and a `folder`; under "ddp",
Lightning starts the second rank with the same arguments, under the others it sends the objects to its processes.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback
from lightning.pytorch.strategies import DDPStrategy
from torch.utils.data import DataLoader

import lightning_synthaug as sa
from lightning_synthaug.data import Record
from lightning_synthaug.generators import Rejection, Request
from tests.helpers.recorder import recorder, trainer
from tests.helpers.traced import Tracer, traced_dataset

SIZE, BATCH, EPOCHS, RANKS, EVERY = 45, 8, 3, 2, 4
BATCHES = EPOCHS * -(-SIZE // BATCH)
RAMP = sa.Linear(0.0, 0.8, over="60%")

#: `pause` is the seconds that one batch of the generator takes; `patience` is the process group's time-out.
DEFAULTS: dict[str, Any] = {
    "workers": 0,
    "stepping": True,
    "resume": None,
    "cache": None,
    "ledger": None,
    "start": "popen",
    "pause": 0,
    "patience": 300,
    "epochs": EPOCHS,
}


class Sleepy(Tracer):
    """A tracer that takes its time."""

    def __init__(self, pause: float, log: str) -> None:
        super().__init__(log=log)
        self.pause = pause

    def generate(self, requests: Sequence[Request]) -> list[Record | Rejection]:
        time.sleep(self.pause)
        return super().generate(requests)


class Teller(Callback):
    """Save checkpoints every few batches, and write down what the model saw: models of other processes are copies."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def on_train_batch_end(self, trainer: Any, *_: Any) -> None:
        if trainer.global_step % EVERY == 0:
            trainer.save_checkpoint(self.folder / f"step={trainer.global_step}.ckpt")

    def on_fit_end(self, trainer: Any, pl_module: Any) -> None:
        told = {"pid": os.getpid(), "seen": pl_module.seen, "steps": pl_module.steps}
        (self.folder / f"rank{trainer.global_rank}.json").write_text(json.dumps(told))


def main(spec: dict[str, Any]) -> None:
    """Train in all ranks, with checkpoints every few batches."""
    torch.set_num_threads(1)
    spec = DEFAULTS | spec
    folder = Path(spec["folder"])
    generator = Sleepy(spec["pause"], str(folder / "made.log"))
    cache, ledger = spec["cache"] or folder / "cache", spec["ledger"] or folder / "ledger"
    aug = sa.SynthAug(generator, RAMP, seed=3, cache=cache, ledger=ledger)
    strategy = DDPStrategy(start_method=spec["start"], timeout=timedelta(seconds=spec["patience"]))
    run = trainer(
        max_epochs=spec["epochs"],
        strategy=strategy,
        devices=RANKS,
        callbacks=[aug, Teller(folder)],
    )
    loader = DataLoader(
        traced_dataset(SIZE), BATCH // RANKS, shuffle=True, num_workers=spec["workers"]
    )
    run.fit(recorder(stepping=spec["stepping"]), loader, ckpt_path=spec["resume"])


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
