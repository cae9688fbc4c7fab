"""Lightning's `CombinedLoader`: a loader for each dataset, their batches joined.

The workers all go to the real half. The synthetic one is in memory, where a loader without workers is faster; for
tokens and small images the other way round would start as many processes and be slower.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, final

import torch
from lightning.pytorch.utilities import CombinedLoader
from torch.utils.data import DataLoader
from workloads import Workload

from peers import BATCH


@final
class _Joined:
    """Join the parts of each batch, as a training step would have to."""

    def __init__(self, loader: CombinedLoader) -> None:
        self._loader = loader

    def __iter__(self) -> Iterator[Any]:
        for parts, _, _ in self._loader:
            if isinstance(parts[0], dict):
                yield {key: torch.cat([part[key] for part in parts]) for key in parts[0]}
            else:
                yield [torch.cat(fields) for fields in zip(*parts, strict=True)]


def build(load: Workload, workers: int, ratio: float) -> Iterable[Any]:
    """Give each loader its share of a batch."""
    synthetic = round(BATCH * ratio)
    real = DataLoader(
        load.real,
        BATCH - synthetic,
        shuffle=True,
        num_workers=workers,
        persistent_workers=workers > 0,
    )
    made = DataLoader(load.made, synthetic, shuffle=True)
    return _Joined(CombinedLoader([real, made], mode="max_size_cycle"))
