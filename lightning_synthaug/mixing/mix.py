"""Plain PyTorch: mix a loader."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import torch
from torch.utils.data import DataLoader

from lightning_synthaug.mixing.feed import Feed
from lightning_synthaug.mixing.loader import CountedLoader, mixed_loader
from lightning_synthaug.mixing.mixture import Mixture
from lightning_synthaug.mixing.options import refuse_unknown
from lightning_synthaug.mixing.progress import CountedProgress
from lightning_synthaug.mixing.recipe import Recipe
from lightning_synthaug.mixing.shape import loader_shape
from lightning_synthaug.plan import Epoch, Schedule

__all__ = ["mix"]


def mix(
    loader: DataLoader[Any],
    source: Any,
    ratio: float | Schedule,
    *,
    total_batches: int | None = None,
    **options: Any,
) -> CountedLoader:
    """Mix synthetic samples into a DataLoader.

    The result has the same length, batch structure and settings. Under `torch.distributed` the global batch is made
    of all ranks' batches. Its `state_dict` and `load_state_dict` carry the position in the run.

    Args:
        loader: The user's loader, map-style, with `batch_size`.
        source: A generator, a synthetic dataset, or several by name.
        ratio: Synthetic share, a number in [0, 1] or a schedule.
        total_batches: Batches of the whole run, for times in percent.
        options: Any further option of `Recipe`.

    Returns:
        The mixed loader.

    Example:
        >>> import torch
        >>> from torch.utils.data import TensorDataset
        >>> real = DataLoader(TensorDataset(torch.zeros(8)), batch_size=4)
        >>> mixed = mix(real, TensorDataset(torch.ones(8)), 0.5)
        >>> [batch[0].tolist() for batch in mixed]
        [[0.0, 1.0, 0.0, 1.0], [0.0, 1.0, 0.0, 1.0]]
    """
    refuse_unknown(options, known=[f.name for f in fields(Recipe) if f.init])
    recipe = Recipe(source=source, ratio=ratio, **options)
    shape = loader_shape(loader)
    rank, world, local_rank = _ranks()
    epoch = Epoch(len(loader.dataset), shape.batch_size * world, world, shape.drop_last)  # type: ignore[arg-type]
    feed = Feed(
        Mixture(recipe, loader.dataset),
        epoch,
        rank=rank,
        leader=local_rank == 0,
        shuffle=shape.shuffle,
        progress=CountedProgress(total_batches),
    )
    return mixed_loader(loader, feed, CountedLoader)


def _ranks() -> tuple[int, int, int]:
    """Return rank, world size and rank on this node."""
    distributed = torch.distributed
    if not (distributed.is_available() and distributed.is_initialized()):
        return 0, 1, 0
    import os

    rank = distributed.get_rank()
    return rank, distributed.get_world_size(), int(os.environ.get("LOCAL_RANK", rank))
