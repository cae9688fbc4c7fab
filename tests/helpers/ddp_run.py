"""A fit in two processes; each rank writes down what it was trained on.

Run as `python ddp_run.py SPEC`, where SPEC is a JSON object with `folder`, `cache`, `resume` and `stepping`; Lightning
starts the second rank with the same arguments.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader

import lightning_synthaug as sa
from tests.helpers.recorder import recorder, saver, trainer
from tests.helpers.traced import Tracer, traced_dataset

SIZE, BATCH, EPOCHS, RANKS = 45, 8, 3, 2
RAMP = sa.Linear(0.0, 0.8, over="60%")


def main(spec: dict[str, Any]) -> None:
    """Train in all ranks, with checkpoints every few batches."""
    torch.set_num_threads(1)
    folder = Path(spec["folder"])
    aug = sa.SynthAug(Tracer(log=str(folder / "made.log")), RAMP, seed=3, cache=spec["cache"])
    model = recorder(stepping=spec["stepping"])
    run = trainer(
        max_epochs=EPOCHS, strategy="ddp", devices=RANKS, callbacks=[aug, saver(folder, 4)]
    )
    loader = DataLoader(
        traced_dataset(SIZE), BATCH // RANKS, shuffle=True, num_workers=spec["workers"]
    )
    run.fit(model, loader, ckpt_path=spec["resume"])
    told = {"pid": os.getpid(), "seen": model.seen, "steps": model.steps}
    (folder / f"rank{run.global_rank}.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
