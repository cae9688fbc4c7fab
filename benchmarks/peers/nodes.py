"""torchdata's nodes: indices drawn from both datasets, read and collated a batch at a time in worker processes.

Drawing indices in the main process and mapping batches of them is how its documentation moves a `DataLoader` over.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, final

from torch.utils.data import RandomSampler, default_collate
from torchdata.nodes import (
    Batcher,
    Loader,
    MultiNodeWeightedSampler,
    ParallelMapper,
    SamplerWrapper,
    StopCriteria,
)
from workloads import Workload

from peers import BATCH

ENDLESS = True


@final
class _Read:
    """Read and collate a batch of indices; those from `len(real)` on are synthetic."""

    def __init__(self, load: Workload) -> None:
        self._real, self._made, self._first = load.real, load.made, len(load.real)

    def __call__(self, indices: list[int]) -> Any:
        first, real, made = self._first, self._real, self._made
        return default_collate([real[i] if i < first else made[i - first] for i in indices])


def build(load: Workload, workers: int, ratio: float) -> Iterable[Any]:
    """Draw by weight, without end."""
    real, made = RandomSampler(load.real), RandomSampler(range(len(load.made)))
    first = len(load.real)
    both = MultiNodeWeightedSampler(
        {
            "real": SamplerWrapper(real),
            "made": SamplerWrapper(_Shifted(made, first)),
        },
        {"real": 1 - ratio, "made": ratio},
        StopCriteria.CYCLE_FOREVER,
    )
    batches = Batcher(both, BATCH)
    return Loader(
        ParallelMapper(batches, _Read(load), num_workers=workers, method="process")
        if workers
        else ParallelMapper(batches, _Read(load), num_workers=0)
    )


@final
class _Shifted:
    """A sampler whose indices follow on another dataset's."""

    def __init__(self, sampler: RandomSampler, by: int) -> None:
        self._sampler, self._by = sampler, by

    def __iter__(self) -> Any:
        return (i + self._by for i in self._sampler)
