"""The loader: a torch DataLoader over the mixed dataset, whose plan starts where the run is."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, TypeVar, final

import torch
from torch.utils.data import (
    DataLoader,
    DistributedSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
)

from lightning_synthaug.errors import SynthAugError, TrainerError
from lightning_synthaug.mixing.collate import MixedCollate
from lightning_synthaug.mixing.dataset import MixedDataset
from lightning_synthaug.mixing.indexedfeed import IndexedFeed
from lightning_synthaug.mixing.message import BatchMessage
from lightning_synthaug.mixing.workers import FirstCheck, OwnDataset

__all__ = [
    "MixedLoader",
    "PlanBatchSampler",
    "PlannedOrder",
    "mixed_loader",
]


class PlannedOrder(DistributedSampler[Any], SequentialSampler):
    """A sampler that says "leave me alone" to frameworks: already distributed, already in order.

    Lightning puts a sampler of its own in place of any that is not a `DistributedSampler`, and under
    `overfit_batches` of any that is not a `SequentialSampler`. It is never iterated.

    Args:
        data_source: The mixed dataset.
    """

    def __init__(self, data_source: MixedDataset) -> None:
        self.data_source = data_source
        self.dataset = data_source
        self.shuffle = False

    def __iter__(self) -> Iterator[int]:
        """Go through the real samples in order, for tools that look."""
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        """Return the number of real samples."""
        return len(self.data_source)

    def set_epoch(self, epoch: int) -> None:
        """Do nothing: the plan knows where the run is."""


@final
class PlanBatchSampler(Sampler[BatchMessage]):
    """Yield the planned batches of a pass; free of side effects, so that it may be iterated twice.

    Args:
        sampler: Any sampler over the mixed dataset, which leads to the plan; what a framework makes anew has one.
        batch_size: Rows of one rank in a full batch, for frameworks that ask; None where batches vary.
        drop_last: As in the user's loader, for frameworks that ask.
    """

    def __init__(self, sampler: Any, batch_size: int | None, drop_last: bool) -> None:
        dataset = getattr(sampler, "data_source", None) or sampler.dataset
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.feed: IndexedFeed = dataset.feed

    def __iter__(self) -> Iterator[BatchMessage]:
        """Yield the messages from where the pass begins to where it ends.

        Raises:
            TrainerError: A loader of another class reads them, whose batches would not be the user's (SA632).
        """
        if not self.feed.reading:
            raise TrainerError(
                "SA632",
                "A mixed loader must be iterated itself, got another DataLoader made of its parts. Where a framework "
                "makes one, mix the loader that the framework returns, `sa.mix(accelerator.prepare(loader), ...)`.",
            )
        for number in range(self.feed.start, self.feed.stop):
            yield self.feed.message(number)

    def __len__(self) -> int:
        """Return the batches in an epoch.

        Raises:
            TypeError: The user's batch sampler does not tell.
        """
        length = self.feed.told_length()
        if length is None:
            raise TypeError(
                "the batch sampler of this loader does not tell how many batches it has"
            )
        return length


class MixedLoader(DataLoader[Any]):
    """A DataLoader that delivers mixed batches of the same structure as before.

    Made by `mix`, the callback or the DataModule.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # torch forbids to set them, and of a loader with a batch sampler it would show a plain SequentialSampler, no
        # batch size, and that no batch is dropped.
        batches: Any = self.batch_sampler
        self._collate: Any = self.collate_fn  # a framework may put its own around it
        object.__setattr__(self, "sampler", PlannedOrder(self.dataset))  # type: ignore[arg-type]
        object.__setattr__(self, "batch_size", batches.batch_size)
        object.__setattr__(self, "drop_last", batches.drop_last)

    @property
    def feed(self) -> IndexedFeed:
        """The main process's half."""
        sampler: PlanBatchSampler = self.batch_sampler  # type: ignore[assignment]
        return sampler.feed

    def mean_losses(self) -> dict[str, float]:
        """Return the mean loss of each source over the batches since the last call, for logs.

        Of the losses that `BatchInfo.weighted_mean` was given on this rank, unweighted. Under Lightning the callback
        logs them.

        Returns:
            `loss/real` and `loss/<source>`; a source without rows is left out.
        """
        return self.feed.totals.mean_losses()

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        """Iterate over one pass; nothing happens before the first batch is asked for."""
        feed, collate = self.feed, self._collate
        feed.begin()
        collate.begin()
        alone = not self.num_workers and not self.pin_memory
        feed.reading = True
        batches: Any = None
        try:
            batches = self._here() if alone else super().__iter__()
            rest = _draw_as(feed.replaces)
            for delivered, batch in batches:
                if isinstance(delivered, SynthAugError):
                    raise delivered
                feed.deliver(delivered)
                yield batch
                del batch  # whose memory may now take another
            feed.ended = True
            deque(rest, maxlen=0)
        finally:
            feed.pause()
            del batches  # ends workers that are not kept
            collate.end()

    def _here(self) -> Iterator[Any]:
        """Do what torch's iterator does without workers, less its cost a batch, about that of eight small samples."""
        _draw(
            self.generator
        )  # torch draws a seed for each pass; the user's random state must go on as it would have
        read, collate = self.dataset.__getitems__, self.collate_fn  # type: ignore[attr-defined]
        for message in self.batch_sampler:  # type: ignore[union-attr]
            yield collate(read(message))


def _draw(generator: torch.Generator | None) -> None:
    """Draw a seed, as torch does."""
    torch.empty((), dtype=torch.int64).random_(generator=generator)


def _draw_as(sampler: Any) -> Iterator[Any]:
    """Move the random states on as the user's sampler would have; what it draws at its end is left to be iterated."""
    if type(sampler) is not RandomSampler or sampler.replacement:
        return iter(())
    if sampler.generator is None:  # it draws the seed of a generator of its own
        _draw(None)
        return iter(())
    rest = iter(sampler)
    next(rest, None)
    return rest


_Loader = TypeVar("_Loader", bound=MixedLoader)


def mixed_loader(loader: DataLoader[Any], feed: IndexedFeed, kind: type[_Loader]) -> _Loader:
    """Build the mixed counterpart of a user's loader, with all its settings.

    Args:
        loader: The user's loader; left as it is.
        feed: What to deliver.
        kind: Class of the loader to build.

    Returns:
        A loader with the same length and batch structure. Its batches come in the plan's order, also where the user's
        loader has `in_order=False`: the number of a batch is its place in the run.
    """
    dataset = feed.mixture.worker_dataset(loader.collate_fn, fits=feed.fits)
    dataset.feed = feed
    feed.replaces = loader.sampler
    feed.mixture.first_check.by = FirstCheck(loader, dataset)
    order = PlannedOrder(dataset)
    options: dict[str, Any] = {}
    buffers = 0
    if loader.num_workers:
        prefetch: Any = loader.prefetch_factor
        options = {
            "prefetch_factor": prefetch,
            "persistent_workers": loader.persistent_workers,
        }
        # Those under way, the one being trained on, and one that a framework has fetched ahead.
        buffers = prefetch + 2 if feed.mixture.recipe.reuse_buffers else 0
    if getattr(loader, "pin_memory_device", ""):
        options["pin_memory_device"] = loader.pin_memory_device
    return kind(
        dataset,
        batch_sampler=PlanBatchSampler(order, feed.batch_size, feed.drop_last),
        num_workers=loader.num_workers,
        collate_fn=MixedCollate(loader.collate_fn, dataset.check_items, buffers=buffers),
        pin_memory=loader.pin_memory,
        timeout=loader.timeout,
        worker_init_fn=None if loader.worker_init_fn is None else OwnDataset(loader.worker_init_fn),
        multiprocessing_context=loader.multiprocessing_context,
        generator=loader.generator,
        **options,
    )
