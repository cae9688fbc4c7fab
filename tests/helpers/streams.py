"""Streams of traced samples: they have no index, and some have no length."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import IterableDataset, get_worker_info

from tests.helpers.traced import Sample, traced_dataset


class Stream(IterableDataset[Any]):
    """Traced samples in order; each worker reads its share."""

    def __init__(self, size: int) -> None:
        self.samples = traced_dataset(size)

    def __iter__(self) -> Iterator[Any]:
        info = get_worker_info()
        first, step = (0, 1) if info is None else (info.id, info.num_workers)
        for i in range(first, len(self.samples), step):
            yield self.samples[i]


class SizedStream(Stream):
    def __len__(self) -> int:
        return len(self.samples)


class Batches:
    """Batches of changing sizes that come from nowhere; without a length."""

    def __init__(self, sizes: list[int]) -> None:
        self.sizes = sizes
        self.samples = traced_dataset(sum(sizes))

    def __iter__(self) -> Iterator[list[torch.Tensor]]:
        start = 0
        for size in self.sizes:
            yield [t[start : start + size] for t in self.samples.tensors]
            start += size


def synthetic(seen: dict[int, list[Sample]]) -> dict[int, list[Sample | None]]:
    """The synthetic rows in their places, None for the real ones."""
    return {n: [s if s.source else None for s in rows] for n, rows in seen.items()}


def sums(seen: dict[int, list[Sample]]) -> list[tuple[int, int]]:
    """Rows, and synthetic rows, up to the end of each batch."""
    out, rows, made = [], 0, 0
    for n in sorted(seen):
        rows += len(seen[n])
        made += sum(s.source > 0 for s in seen[n])
        out.append((rows, made))
    return out
