"""Plain PyTorch: mix a loader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch.utils.data import IterableDataset

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.filling import say
from lightning_synthaug.mixing.batchcourse import BatchCourse
from lightning_synthaug.mixing.batched import batch_order, check_batches
from lightning_synthaug.mixing.batchfeed import BatchFeed
from lightning_synthaug.mixing.batchorders import BatchOrder
from lightning_synthaug.mixing.counted import CountedLoader
from lightning_synthaug.mixing.course import Course
from lightning_synthaug.mixing.feed import Feed
from lightning_synthaug.mixing.foreign import (
    PreparedLoader,
    is_prepared,
    plain_loader,
    prepared_ranks,
)
from lightning_synthaug.mixing.handing import HandedProgress
from lightning_synthaug.mixing.ledgerhead import recorder_for
from lightning_synthaug.mixing.loader import MixedLoader, mixed_loader
from lightning_synthaug.mixing.mixture import Mixture
from lightning_synthaug.mixing.options import check_total
from lightning_synthaug.mixing.progress import CountedProgress, Progress
from lightning_synthaug.mixing.ranks import Ranks, ranks_now
from lightning_synthaug.mixing.recipe import Recipe
from lightning_synthaug.mixing.recorder import Recorder
from lightning_synthaug.mixing.replay import replaying
from lightning_synthaug.mixing.shape import loader_shape
from lightning_synthaug.mixing.streamcourse import StreamCourse
from lightning_synthaug.mixing.streamed import (
    CountedStream,
    check_stream,
    is_stream,
    loader_facts,
)
from lightning_synthaug.mixing.streamfeed import StreamFeed
from lightning_synthaug.plan import Schedule

__all__ = ["mix"]


def mix(
    loader: Any,
    source: Any,
    ratio: float | Schedule,
    *,
    total_batches: int | None = None,
    **options: Any,
) -> CountedLoader | PreparedLoader | CountedStream:
    """Mix synthetic samples into a DataLoader.

    The result has the same length, batch structure and settings. Under `torch.distributed` the global batch is made
    of all ranks' batches. Its `state_dict` and `load_state_dict` carry the position in the run: what is taken from it
    is trained on, by `next(iter(loader))` too, and the next pass goes on from there. One pass is read at a time.

    Args:
        loader: The user's loader: map-style; or of a stream, or any other iterable of batches, whose
            rows are then replaced batch by batch; or what `accelerator.prepare` made of one, and Hugging Face's
            `Trainer.get_train_dataloader` returns.
        source: A generator, a synthetic dataset, or several by name.
        ratio: Synthetic share, a number in [0, 1] or a schedule.
        total_batches: Batches of the whole run, for times in percent.
        options: Any further option of `Recipe`.

    Returns:
        The mixed loader.

    Example:
        >>> import torch
        >>> from torch.utils.data import DataLoader, TensorDataset
        >>> real = DataLoader(TensorDataset(torch.zeros(8)), batch_size=4)
        >>> mixed = mix(real, TensorDataset(torch.ones(8)), 0.5)
        >>> [batch[0].tolist() for batch in mixed]
        [[0.0, 1.0, 0.0, 1.0], [0.0, 1.0, 0.0, 1.0]]
    """
    check_total(total_batches)
    Recipe.refuse_unknown(options)
    recipe = replaying(Recipe(source=source, ratio=ratio, **options))
    if recipe.ledger is True:
        raise ConfigError(
            "SA114",
            "`ledger` must be a folder where no Trainer has logs that it could lie beside, got True. Write for example "
            "ledger='runs/1/ledger'.",
        )
    if recipe.batch_transform is not None:
        raise ConfigError(
            "SA612",
            "`batch_transform` must be given to the callback or the DataModule, which see batches on their device, got "
            "it for `mix`. In your loop, call `batch_info(loader).transform(function, images)`.",
        )
    now = ranks = ranks_now()
    counted: CountedProgress = CountedProgress(total_batches)
    if _streams(loader):
        return _mixed_stream(loader, recipe, counted)
    progress: Progress = counted
    prepared = loader if is_prepared(loader) else None
    if prepared is not None:
        ranks, loader, progress = (
            prepared_ranks(prepared),
            plain_loader(prepared),
            HandedProgress(counted),
        )
    order = None if prepared is not None else batch_order(loader)
    if order is not None:
        return _mixed_batches(loader, order, recipe, counted)
    shape = loader_shape(loader)
    feed = Feed(
        Mixture(recipe, loader.dataset),
        shape.epoch(ranks.world, recipe.extra),
        rank=ranks.rank,
        leader=ranks.local_rank == 0,
        shuffle=shape.shuffle,
        progress=progress,
        course=Course(recipe.on_mismatch, tell=say if ranks.rank == 0 else None),
        order=shape.order,
    )
    feed.recorder = _recorder(recipe, ranks, now)
    if prepared is not None:
        return PreparedLoader(prepared, mixed_loader(loader, feed, MixedLoader), now)
    mixed = mixed_loader(loader, feed, CountedLoader)
    mixed.ranks = now
    return mixed


def _mixed_batches(
    loader: Any, order: BatchOrder, recipe: Recipe, counted: CountedProgress
) -> CountedLoader:
    """Put synthetic samples into the batches of a user's batch sampler."""
    ranks = ranks_now()
    check_batches(loader, recipe)
    feed = BatchFeed(
        Mixture(recipe, loader.dataset),
        order,
        rank=ranks.rank,
        world=ranks.world,
        leader=ranks.local_rank == 0,
        progress=counted,
        course=BatchCourse(recipe.on_mismatch, tell=say if ranks.rank == 0 else None),
    )
    feed.recorder = _recorder(recipe, ranks, ranks)
    mixed = mixed_loader(loader, feed, CountedLoader)
    mixed.ranks = ranks
    return mixed


def _recorder(recipe: Recipe, ranks: Ranks, now: Ranks) -> Recorder | None:
    """Make who writes the ledger, if there shall be one."""
    if not recipe.ledger:
        return None
    folder = Path(str(recipe.ledger)).expanduser()
    return recorder_for(
        folder, rank=ranks.rank, world=ranks.world, process=now.rank, processes=now.world
    )


def _streams(loader: Any) -> bool:
    """Tell whether a loader is to be mixed batch by batch; of what accelerate prepared, only that of a stream is."""
    if is_prepared(loader):
        return isinstance(loader.dataset, IterableDataset)
    return is_stream(loader)


def _mixed_stream(loader: Any, recipe: Recipe, counted: CountedProgress) -> CountedStream:
    """Put synthetic rows into the batches of a stream."""
    ranks = ranks_now()
    check_stream(loader, recipe, ranks.world)
    feed = StreamFeed(
        recipe,
        StreamCourse(recipe.on_mismatch, tell=say if ranks.rank == 0 else None),
        counted,
        rank=ranks.rank,
        world=ranks.world,
        leader=ranks.local_rank == 0,
        **loader_facts(loader),
    )
    feed.recorder = _recorder(recipe, ranks, ranks)
    return CountedStream(loader, feed)
