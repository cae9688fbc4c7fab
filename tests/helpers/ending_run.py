"""Fits that end badly, in a process of their own.

Run as `python ending_run.py FOLDER`: one whose forked rank raises, one that gets SIGTERM, and one whose process is
killed amid an epoch. After each but the last, another fit is made; what happened is written to `FOLDER/told.json`.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader

import lightning_synthaug as sa
from tests.helpers.recorder import recorder, trainer
from tests.helpers.traced import Tracer, traced_dataset

SIZE, BATCH = 45, 8


def acting(act: Callable[[Any], None] | None) -> Any:
    """A model that does something at its third batch."""
    model = recorder()
    step = model.training_step

    def training_step(batch: Any, batch_idx: int) -> Any:
        if act is not None and sa.batch_info(model).number == 2:
            act(model)
        return step(batch, batch_idx)

    model.training_step = training_step
    return model


def fit(folder: Path, act: Callable[[Any], None] | None, **options: Any) -> dict[str, Any]:
    """One fit and how it ended."""
    aug = sa.SynthAug(Tracer(), 0.5, seed=3, cache=folder / "cache")
    model = acting(act)
    run = trainer(max_epochs=2, callbacks=[aug], **options)
    source = run.fit_loop._data_source
    try:
        run.fit(model, DataLoader(traced_dataset(SIZE), BATCH, shuffle=True))
        ended = ""
    except BaseException as error:
        ended = f"{type(error).__name__}: {error}"
    restored = run.fit_loop._data_source is source and aug.feed is None
    return {"ended": ended, "restored": restored, "batches": len(model.seen)}


def second_rank_raises(model: Any) -> None:
    if model.global_rank == 1:
        raise RuntimeError("the rank's own")


def main(folder: Path) -> None:
    """End three fits badly."""
    torch.set_num_threads(1)
    told = []

    def tell(**options: Any) -> None:
        told.append(fit(folder, **options))
        (folder / "told.json").write_text(json.dumps(told))

    # First of all: nothing may be forked once torch has threads.
    tell(act=second_rank_raises, strategy="ddp_fork", devices=2)
    tell(act=None)
    tell(act=lambda model: os.kill(os.getpid(), signal.SIGTERM))
    tell(act=None)
    tell(act=lambda model: os.kill(os.getpid(), signal.SIGKILL))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
