"""The smallest samples that there can be: what a benchmark of scale has a thousand million of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final

import numpy as np
from torch.utils.data import Dataset

import lightning_synthaug as sa

__all__ = ["Numbers", "Tiny", "tiny"]


@final
class Numbers(Dataset[Any]):
    """Samples that follow from their index.

    Args:
        size: How many.
    """

    def __init__(self, size: int) -> None:
        self.size = size

    def __len__(self) -> int:
        """Return the number of samples."""
        return self.size

    def __getitem__(self, index: int) -> tuple[Any, int]:
        """Compute one sample."""
        return np.full(4, index % 2**31, np.int32), index % 10


@final
class Tiny(sa.Generator):
    """Make small records.

    Args:
        size: How many there are.
        name: Tells sources apart.
    """

    conditioning = "none"
    modality = "any"
    batch_size = 4096

    def __init__(self, size: int, name: str = "tiny") -> None:
        self.size, self.source = size, name

    def fingerprint(self) -> str:
        """Identify the output."""
        return f"{self.source}-{self.size}"

    def count(self, label: int | None = None) -> int:
        """Say how many there are."""
        del label
        return self.size

    def generate(self, requests: Sequence[sa.Request]) -> list[sa.Record | sa.Rejection]:
        """Make records."""
        return [tiny(request.number) for request in requests]


def tiny(number: int) -> sa.Record:
    """Make a small record."""
    return sa.Record({"image": np.full(4, -number, np.int32), "label": number % 10})
