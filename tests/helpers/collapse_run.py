"""A fit in two processes with a generator that collapses; each rank writes down its synthetic rows and the history.

Run as `python collapse_run.py FOLDER`; Lightning starts the other rank with the same arguments.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader

import lightning_synthaug as sa
from tests.helpers.collapsing import Turning, real_dataset
from tests.helpers.recorder import recorder, trainer

RANKS, SIZE, BATCH, AFTER = 2, 800, 40, 200


class Counting(type(recorder())):  # type: ignore[misc]
    """Counts the synthetic rows of each batch."""

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        info = sa.batch_info(self)
        self.counts = [*getattr(self, "counts", []), int(info.is_synthetic.sum())]
        return self.layer(batch[0].flatten(1)[:, :36] / 255).sum()


def fitted(
    cache: Path,
    *,
    mark: str = "",
    resume: Path | None = None,
    on_mismatch: Any = "error",
    **options: Any,
) -> tuple[Any, list[int], list[Any]]:
    """Fit; return the trainer, the synthetic rows of each batch, and the history."""
    model = Counting()
    source = Turning(10**9 if mark else AFTER, mark=mark)
    aug = sa.SynthAug(
        source, 0.5, cache=cache, reuse=1, on_collapse="stop", on_mismatch=on_mismatch
    )
    run = trainer(callbacks=[aug], **options)
    loader = DataLoader(real_dataset(SIZE), BATCH // run.world_size, shuffle=True)
    run.fit(model, loader, ckpt_path=resume)
    return run, model.counts, aug.state_dict()["history"]


def main(folder: Path) -> None:
    """Fit on two ranks."""
    torch.set_num_threads(1)
    run, counts, history = fitted(folder / "cache", strategy="ddp", devices=RANKS, max_epochs=3)
    (folder / f"rank{run.global_rank}.json").write_text(json.dumps([counts, history]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
