"""What a user's loader tells about itself, and what cannot be mixed."""

from __future__ import annotations

from typing import Any, NamedTuple

from torch.utils.data import (
    BatchSampler,
    DataLoader,
    DistributedSampler,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
)

from lightning_synthaug.errors import DataError
from lightning_synthaug.mixing.orders import SamplerOrder
from lightning_synthaug.plan import Epoch

__all__ = ["LoaderShape", "first_batches", "loader_shape"]


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
        DataError: It is no single DataLoader, it streams, or samples or batches in a way that cannot be planned.
    """
    if not isinstance(loader, DataLoader):
        raise DataError(
            "SA606",
            f"The train loader must be one torch DataLoader, got {type(loader).__name__}. Give the loader to mix by "
            "itself; where training takes several, mix that one with `lightning_synthaug.mix`.",
        )
    if isinstance(loader.dataset, IterableDataset):
        raise DataError(
            "SA601",
            f"The dataset must be map-style (len and indexing) to be mixed, got {type(loader.dataset).__name__}, which "
            "streams. Index it first, or read it into a list.",
        )
    if type(loader).__iter__ is not DataLoader.__iter__:
        raise DataError(
            "SA606",
            f"The train loader must iterate as torch's DataLoader does, got {type(loader).__name__} with an "
            "`__iter__` of its own, which would be lost. Move what it does into the dataset, the `collate_fn` or the "
            "training step.",
        )
    sampler = loader.sampler
    batcher = loader.batch_sampler
    if loader.batch_size is None or type(batcher) is not BatchSampler:
        raise DataError(
            "SA602",
            f"The loader must batch by `batch_size`, got batch_size={loader.batch_size!r} with "
            f"{type(batcher).__name__}. Give `batch_size=` and leave `batch_sampler=` out.",
        )
    data: Any = loader.dataset
    size, batch_size, drop_last = len(data), loader.batch_size, loader.drop_last
    if type(sampler) is DistributedSampler:
        return LoaderShape(size, batch_size, drop_last, sampler.shuffle)
    if isinstance(sampler, DistributedSampler):
        raise DataError(
            "SA603",
            f"The sampler must not divide the data among ranks by itself, got {type(sampler).__name__}. Give the "
            "sampler that it would divide; the mixed loader divides what it yields.",
        )
    whole = len(getattr(sampler, "data_source", ())) == size
    if type(sampler) is SequentialSampler and whole:
        return LoaderShape(size, batch_size, drop_last, shuffle=False)
    if (
        type(sampler) is RandomSampler
        and whole
        and not sampler.replacement
        and sampler.num_samples == size
    ):
        return LoaderShape(size, batch_size, drop_last, shuffle=True)
    order = SamplerOrder(sampler, size)
    return LoaderShape(order.length, batch_size, drop_last, shuffle=True, order=order)


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
