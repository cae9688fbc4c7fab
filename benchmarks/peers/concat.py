"""torch alone: both datasets in a `ConcatDataset`, drawn by a `WeightedRandomSampler`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch.utils.data import ConcatDataset, DataLoader, WeightedRandomSampler
from workloads import Workload

from peers import BATCH


def build(load: Workload, workers: int, ratio: float) -> Iterable[Any]:
    """Weigh each sample so that the synthetic ones have their share."""
    real, made = len(load.real), len(load.made)
    weights = torch.cat(
        [torch.full((real,), (1 - ratio) / real), torch.full((made,), ratio / made)]
    )
    return DataLoader(
        ConcatDataset([load.real, load.made]),
        BATCH,
        sampler=WeightedRandomSampler(weights.tolist(), real),
        num_workers=workers,
        persistent_workers=workers > 0,
    )
