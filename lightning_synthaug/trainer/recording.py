"""Where the ledger of a fit goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lightning_synthaug.mixing import Recipe, Recorder, recorder_for

__all__ = ["fit_recorder"]


def fit_recorder(trainer: Any, recipe: Recipe, *, rank: int, world: int) -> Recorder | None:
    """Make who writes the ledger of a fit.

    All processes of a fit must come here together: they agree on the folder of the logs.

    Args:
        trainer: The trainer.
        recipe: What to mix.
        rank: Which share of the global batches this process reads.
        world: How many shares there are.

    Returns:
        The recorder; None where there is no ledger, for a trial run of a few batches (`fast_dev_run`), or where another
        process records the same share.
    """
    if not recipe.ledger or trainer.fast_dev_run:
        return None
    if recipe.ledger is True:
        folder = Path(trainer.log_dir or trainer.default_root_dir) / "ledger"
    else:
        folder = Path(recipe.ledger).expanduser()
    return recorder_for(
        folder, rank=rank, world=world, process=trainer.global_rank, processes=trainer.world_size
    )
