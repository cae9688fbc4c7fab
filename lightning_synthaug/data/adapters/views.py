"""Adapters that see through `Subset` and `ConcatDataset` to the datasets below."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy.typing as npt

from lightning_synthaug.data.adapters.base import DatasetAdapter
from lightning_synthaug.data.record import Record
from lightning_synthaug.data.template import Stack
from lightning_synthaug.errors import DataError

__all__ = ["ConcatAdapter", "SubsetAdapter"]


@final
class SubsetAdapter(DatasetAdapter):
    """Adapt a selection of another dataset.

    Args:
        dataset: Has `.dataset` and `.indices`.
        inner: Adapter of `.dataset`.
    """

    def __init__(self, dataset: Any, inner: DatasetAdapter) -> None:
        super().__init__(dataset)
        self._inner = inner

    @property
    def has_records(self) -> bool:
        """Whether the dataset below has records."""
        return self._inner.has_records

    def item(self, record: Mapping[str, Any]) -> Any:
        """Make an item of the dataset below."""
        return self._inner.item(record)

    def record(self, index: int) -> Record:
        """Read the raw sample that lies at this place of the selection."""
        return self._inner.record(int(self.dataset.indices[index]))

    def stack(self, columns: Mapping[str, npt.NDArray[Any]]) -> Stack | None:
        """Lay columns out as the dataset below does."""
        return self._inner.stack(columns)


@final
class ConcatAdapter(DatasetAdapter):
    """Adapt several datasets laid end to end; items are made as the first of them makes them.

    Args:
        dataset: Has `.datasets` and `.cumulative_sizes`.
        parts: Adapters of `.datasets`.
    """

    def __init__(self, dataset: Any, parts: Sequence[DatasetAdapter]) -> None:
        super().__init__(dataset)
        self._parts = tuple(parts)

    @property
    def has_records(self) -> bool:
        """Whether all parts have records."""
        return all(part.has_records for part in self._parts)

    def item(self, record: Mapping[str, Any]) -> Any:
        """Make an item of the first part."""
        return self._parts[0].item(record)

    def record(self, index: int) -> Record:
        """Read the raw sample from the part that holds it."""
        size = len(self.dataset)
        if not -size <= index < size:
            msg = (
                f"An index must lie in [{-size}, {size - 1}], got {index}. Count the samples with "
                "len(dataset)."
            )
            raise DataError("SA201", msg)
        index %= size
        sizes = self.dataset.cumulative_sizes
        place = bisect_right(sizes, index)
        return self._parts[place].record(index - (sizes[place - 1] if place else 0))

    def stack(self, columns: Mapping[str, npt.NDArray[Any]]) -> Stack | None:
        """Lay columns out as the first part does."""
        return self._parts[0].stack(columns)
