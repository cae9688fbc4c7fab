"""Loaders that accelerate prepared: mixed inside, with its device placement and look-ahead around."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, final

from torch.utils.data import BatchSampler, DataLoader, Dataset, RandomSampler, Sampler

from lightning_synthaug.errors import TrainerError
from lightning_synthaug.mixing.feed import Feed
from lightning_synthaug.mixing.handing import HandedProgress
from lightning_synthaug.mixing.loader import MixedLoader
from lightning_synthaug.mixing.ranks import Ranks, ranks_now

__all__ = [
    "HandedBatches",
    "HandedNumbers",
    "PreparedLoader",
    "is_prepared",
    "plain_loader",
    "prepared_ranks",
]


def is_prepared(loader: Any) -> bool:
    """Tell whether a loader was prepared by accelerate.

    Args:
        loader: Any loader.

    Returns:
        True for what `accelerator.prepare` makes of a DataLoader.

    Raises:
        TrainerError: It dispatches batches from one process (SA633).
    """
    accelerate = sys.modules.get("accelerate.data_loader")
    if accelerate is None:
        return False
    if issubclass(type(loader), accelerate.DataLoaderDispatcher):
        raise TrainerError(
            "SA633",
            "Each process must read its own batches, got dispatch_batches=True, under which one process reads for all "
            "and the others cannot know what they are given. Prepare the loader with "
            "`DataLoaderConfiguration(dispatch_batches=False)`.",
        )
    return issubclass(type(loader), accelerate.DataLoaderShard)


def prepared_ranks(loader: Any) -> Ranks:
    """Read from a prepared loader which share of the batches it was to read.

    Args:
        loader: What accelerate prepared.

    Returns:
        Rank and world as accelerate counts them: processes that share a model share batches.
    """
    shard = loader.batch_sampler
    if not hasattr(shard, "process_index"):
        return Ranks(0, 1, ranks_now().local_rank)
    return Ranks(shard.process_index, shard.num_processes, ranks_now().local_rank)


def plain_loader(loader: Any) -> DataLoader[Any]:
    """Rebuild the user's loader out of one that accelerate prepared.

    Args:
        loader: What accelerate prepared.

    Returns:
        A loader of the batches of one rank, with all the user's settings.
    """
    inner: DataLoader[Any] = loader.base_dataloader
    batcher: Any = inner.batch_sampler
    world = 1
    if hasattr(batcher, "process_index"):
        if batcher.split_batches:
            world = batcher.num_processes
        batcher = batcher.batch_sampler
    options: dict[str, Any] = {"batch_sampler": batcher}
    if type(batcher) is BatchSampler:
        options = {"batch_size": batcher.batch_size // world, "drop_last": batcher.drop_last}
        sampler: Any = batcher.sampler
        # accelerate puts a sampler of its own in place of torch's.
        if isinstance(sampler, RandomSampler) and not sampler.replacement:
            sampler = RandomSampler(inner.dataset, num_samples=sampler.num_samples)  # type: ignore[arg-type]
        options["sampler"] = sampler
    if inner.num_workers:
        options["prefetch_factor"] = inner.prefetch_factor
        options["persistent_workers"] = inner.persistent_workers
    return DataLoader(
        inner.dataset,
        num_workers=inner.num_workers,
        collate_fn=inner.collate_fn,
        pin_memory=inner.pin_memory,
        timeout=inner.timeout,
        worker_init_fn=inner.worker_init_fn,
        multiprocessing_context=inner.multiprocessing_context,
        generator=inner.generator,
        **options,
    )


@final
class PreparedLoader(DataLoader[Any]):
    """A mixed loader with what accelerate adds to a loader: placement on the device, end of the epoch seen ahead.

    What a framework makes of its parts (`skip_first_batches` does) hands over the same batches by their number.

    Args:
        prepared: What accelerate prepared; left as it is.
        mixed: What it shall deliver instead, with a `HandedProgress`.
        ranks: Who this process was when the loader was mixed.
    """

    #: Mixed loaders come out of `prepare` already; accelerate does not prepare twice what says so.
    _is_accelerate_prepared = True

    def __init__(self, prepared: Any, mixed: MixedLoader, ranks: Ranks) -> None:
        shard = object.__new__(type(prepared))
        shard.__dict__.update(prepared.__dict__)
        shard.base_dataloader = mixed
        # Else accelerate would cut the rows of a short last batch by a count of its own.
        shard._drop_last = True
        self.feed: Feed = mixed.feed  # type: ignore[assignment]
        self.ranks = ranks
        self._shard = shard
        self._progress: HandedProgress = mixed.feed.progress  # type: ignore[assignment]
        batches = HandedBatches(self)
        super().__init__(batches, batch_sampler=HandedNumbers(batches), collate_fn=_same)

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        """Iterate over one pass; nothing happens before the first batch is asked for."""
        self.ranks.check()
        for number, batch in enumerate(self._shard, self._progress.done()):
            self._progress.hand(number, batch)
            yield batch

    @property
    def total_batch_size(self) -> int:
        """Rows of a full global batch."""
        return self.feed.epoch.batch_size

    def set_epoch(self, epoch: int) -> None:
        """Go to the beginning of an epoch, unless the position lies within it; frameworks say so before a pass.

        Args:
            epoch: Passes before it, >= 0.
        """
        batches = self.feed.epoch.batches
        if self._progress.done() // batches != epoch:
            self.load_state_dict({"batches": epoch * batches})

    def state_dict(self) -> dict[str, Any]:
        """Return the position in the run, of plain types."""
        self.feed.flush()
        return self._progress.counted.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a position.

        Args:
            state: What `state_dict` returned.
        """
        self._progress.counted.load_state_dict(state)


@final
class HandedBatches(Dataset[Any]):
    """Whole batches by their number, for loaders that a framework makes of a mixed one.

    Args:
        loader: Where the batches come from, in this process, with workers of its own.
    """

    def __init__(self, loader: PreparedLoader) -> None:
        self.loader = loader
        self.feed = loader.feed
        self._stream: Iterator[Any] | None = None
        self._next = 0

    def __len__(self) -> int:
        """Return the real samples in an epoch, for frameworks that ask."""
        return self.feed.epoch.samples

    def __getitem__(self, index: int) -> Any:
        """Return a real item, for tools that look into a dataset."""
        return self.feed.mixture.adapter.real(index)

    def __getitems__(self, numbers: list[int]) -> Any:
        """Hand over a batch.

        Args:
            numbers: The batch's number, alone.

        Returns:
            The batch.

        Raises:
            TrainerError: Batches were left out or put into another order (SA632), or skipped twice (SA634).
        """
        (number,) = numbers
        if self._stream is None:
            self._check_skip(number)
            self.loader.load_state_dict({"batches": number})
            self._stream = iter(self.loader)
        elif number != self._next:
            raise _disordered(f"batch {number} after batch {self._next - 1}")
        self._next = number + 1
        return next(self._stream)

    def set_epoch(self, epoch: int) -> None:
        """Go to the beginning of an epoch, as the loader's own method does."""
        self.loader.set_epoch(epoch)

    def begin(self) -> range:
        """Begin a pass.

        Returns:
            Numbers of its batches: from the position to the end of the epoch.
        """
        self._stream = None
        self._next = start = self.feed.progress.done()
        batches = self.feed.epoch.batches
        return range(start, start + batches - start % batches)

    def end(self, numbers: range) -> None:
        """Look back on a pass that was asked for to its end."""
        if self._stream is not None and self._next != numbers.stop:
            raise _disordered(f"{self._next} as the last one where {numbers.stop} follow")

    def _check_skip(self, number: int) -> None:
        """Refuse batches skipped by somebody who did not know that the position was restored."""
        start, batches = self._next, self.feed.epoch.batches
        if number > start and start % batches:
            raise TrainerError(
                "SA634",
                "The position must be restored in one way, got a loader at batch "
                f"{start % batches} of its epoch, of which {number - start} more were skipped. Either load its "
                "state, or `set_epoch(...)` and `skip_first_batches(...)`.",
            )


@final
class HandedNumbers(Sampler[list[int]]):
    """The numbers of the batches of a pass, each in a list of its own.

    It has no `batch_size`: its lists hold one number each, and who deals lists out by their length would drop them.

    Args:
        batches: What they are numbers of.
    """

    def __init__(self, batches: HandedBatches) -> None:
        self.batches = batches

    def __iter__(self) -> Iterator[list[int]]:
        """Yield the numbers from where the pass begins to the end of the epoch."""
        numbers = self.batches.begin()
        for number in numbers:
            yield [number]
        self.batches.end(numbers)

    def set_epoch(self, epoch: int) -> None:
        """Go to the beginning of an epoch, as the loader's own method does: Hugging Face's Trainer asks for it here."""
        self.batches.set_epoch(epoch)

    def __len__(self) -> int:
        """Return the batches in an epoch."""
        return self.batches.feed.epoch.batches


def _same(batch: Any) -> Any:
    """Leave a batch as it is, where a collate function is due."""
    return batch


def _disordered(got: str) -> TrainerError:
    """Make the error for batches that are dealt out once more."""
    return TrainerError(
        "SA632",
        f"Each rank must read all batches of its mixed loader in order, got {got}: a framework made a new loader of "
        "it and deals the batches out once more. Mix the loader that the framework returns, "
        "`sa.mix(accelerator.prepare(loader), ...)`.",
    )
