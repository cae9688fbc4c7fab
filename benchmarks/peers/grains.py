"""grain: `MapDataset.mix` of two shuffled sources, batched before it is split over processes.

Without threads, as it recommends for what is in memory; with them, decoding was slower on two cores, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, final

import grain.python as grain
import torch
from workloads import Workload

from peers import BATCH

ENDLESS = True


@final
class _Tensors:
    """Hand batches out as tensors, which takes no copy."""

    def __init__(self, batches: Any) -> None:
        self._batches = batches

    def __iter__(self) -> Iterator[Any]:
        for batch in self._batches:
            if isinstance(batch, dict):
                yield {key: torch.from_numpy(value) for key, value in batch.items()}
            else:
                yield [torch.from_numpy(value) for value in batch]


def build(load: Workload, workers: int, ratio: float) -> Iterable[Any]:
    """Mix by weight, without end."""
    sources = [
        grain.MapDataset.source(data).shuffle(seed=seed).repeat()
        for seed, data in enumerate((load.real, load.made))
    ]
    mixed = grain.MapDataset.mix(sources, weights=[1 - ratio, ratio]).batch(BATCH)
    batches = mixed.to_iter_dataset(grain.ReadOptions(num_threads=0, prefetch_buffer_size=0))
    if workers:
        batches = batches.mp_prefetch(
            grain.MultiprocessingOptions(num_workers=workers, per_worker_buffer_size=2)
        )
    return _Tensors(batches)
