"""What a user's loader tells about itself, and what cannot be mixed."""

from __future__ import annotations

from typing import Any, NamedTuple

from torch.utils.data import (
    BatchSampler,
    DataLoader,
    DistributedSampler,
    RandomSampler,
    SequentialSampler,
)

from lightning_synthaug.errors import DataError
from lightning_synthaug.mixing.orders import SamplerOrder
from lightning_synthaug.plan import Epoch

__all__ = ["LoaderShape", "first_batches", "loader_shape", "told_length"]


class LoaderShape(NamedTuple):
    """What the plan needs of a loader.

    Attributes:
        samples: Samples that an epoch takes from the dataset.
        batch_size: Rows of one rank in a full batch.
        drop_last: Whether a short last batch is left out.
        shuffle: Whether samples come in random order.
        order: The order of the user's own sampler; None: in turn or shuffled, by the plan.
    """

    samples: int
    batch_size: int
    drop_last: bool
    shuffle: bool
    order: SamplerOrder | None = None

    def epoch(self, world: int, extra: int) -> Epoch:
        """Shape an epoch of the mixed loader.

        Args:
            world: Ranks that share a global batch, >= 1.
            extra: Rows added to each global batch, >= 0.

        Returns:
            The shape.

        Raises:
            PlanError: The ranks cannot share a batch evenly, or there is none.
        """
        return Epoch(self.samples, self.batch_size * world, world, self.drop_last, extra)


def loader_shape(loader: Any) -> LoaderShape:
    """Read a loader's shape.

    Args:
        loader: The user's loader.

    Returns:
        Its shape.

    Raises:
        DataError: It is no single DataLoader, or samples or batches in a way that cannot be planned.
    """
    if not isinstance(loader, DataLoader):
        raise DataError(
            "SA606",
            f"The train loader must be one torch DataLoader, or one iterable of batches, got {type(loader).__name__}. "
            "Give the loader to mix by itself; of several, mix that one with `lightning_synthaug.mix`.",
        )
    sampler: Any = loader.sampler
    batcher = loader.batch_sampler
    if loader.batch_size is None or not _is(batcher, BatchSampler):
        raise DataError(
            "SA602",
            "The loader must batch by `batch_size`, or by `batch_sampler` where no framework made another loader of "
            f"it, got batch_size={loader.batch_size!r} with {type(batcher).__name__}. Give `batch_size=`; do not "
            "let accelerate prepare a loader with a `batch_sampler`.",
        )
    data: Any = loader.dataset
    size, batch_size, drop_last = len(data), loader.batch_size, loader.drop_last
    if _is(sampler, DistributedSampler):
        return LoaderShape(size, batch_size, drop_last, sampler.shuffle)
    if isinstance(sampler, DistributedSampler):
        raise DataError(
            "SA603",
            f"The sampler must not divide the data among ranks by itself, got {type(sampler).__name__}. Give the "
            "sampler that it would divide; the mixed loader divides what it yields.",
        )
    whole = len(getattr(sampler, "data_source", ())) == size
    if _is(sampler, SequentialSampler) and whole:
        return LoaderShape(size, batch_size, drop_last, shuffle=False)
    if (
        _is(sampler, RandomSampler)
        and whole
        and not sampler.replacement
        and sampler.num_samples == size
    ):
        return LoaderShape(size, batch_size, drop_last, shuffle=True)
    order = SamplerOrder(sampler, size)
    return LoaderShape(order.length, batch_size, drop_last, shuffle=True, order=order)


def _is(value: object, kind: type) -> bool:
    """Tell whether a sampler is torch's own, or torchdata's of the same name, which differs by having a state."""
    own = type(value)
    stateful = own.__module__.startswith("torchdata.stateful_dataloader")
    return own is kind or (stateful and own.__name__.removeprefix("Stateful") == kind.__name__)


def first_batches(shape: LoaderShape, dataset: Any, batches: int) -> LoaderShape:
    """Keep the first batches of a loader only, in order: what `overfit_batches` asks for.

    Args:
        shape: The loader's shape.
        dataset: The user's dataset.
        batches: Batches of one rank to keep, >= 1.

    Returns:
        The shape of a loader of these.
    """
    count = min(shape.samples, max(1, batches) * shape.batch_size)
    order = SamplerOrder(SequentialSampler(range(count)), len(dataset))
    return LoaderShape(count, shape.batch_size, shape.drop_last, shuffle=False, order=order)


def told_length(batches: Any) -> int | None:
    """Read how many batches a loader or a batch sampler tells of.

    Args:
        batches: Any iterable.

    Returns:
        Its length, maybe an estimate; None where it does not tell, or tells of none.
    """
    try:
        return len(batches) or None
    except (TypeError, NotImplementedError, AttributeError):
        return None
