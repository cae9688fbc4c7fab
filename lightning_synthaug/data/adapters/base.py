"""What the package needs to know about the user's dataset."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

from lightning_synthaug.data.record import Record
from lightning_synthaug.data.template import Stack

__all__ = ["DatasetAdapter"]


class DatasetAdapter(ABC):
    """Translate between a dataset's items and records.

    Making an adapter never reads the dataset: opening files in a process that forks afterwards is
    how datasets break. Whatever must be known about its items is found out at the first call of
    `item`, `record`, `columns` or `stack`, so make these calls in the process that uses them
    (`has_records` is free).

    Args:
        dataset: The user's map-style dataset; kept, never changed.
    """

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def real(self, index: int) -> Any:
        """Read a real item as training gets it.

        Args:
            index: Index in [0, len).

        Returns:
            `dataset[index]`, the user's transforms included.
        """
        return self.dataset[index]

    @property
    @abstractmethod
    def has_records(self) -> bool:
        """Whether raw samples can be read, as far as is known without reading one."""

    @abstractmethod
    def item(self, record: Mapping[str, Any]) -> Any:
        """Make what the dataset would return for a raw sample, the user's transforms included.

        Args:
            record: Raw sample, real or synthetic.

        Returns:
            Item of the dataset's structure.

        Raises:
            DataError: The record cannot become an item without changing values (SA203).
        """

    @abstractmethod
    def record(self, index: int) -> Record:
        """Read a raw sample, before the user's transforms.

        Args:
            index: Index in [0, len).

        Returns:
            The sample's fields, images as `(H, W)` or `(H, W, C)`.

        Raises:
            DataError: Raw samples of this dataset cannot be read (SA202).
        """

    @abstractmethod
    def stack(self, columns: Mapping[str, npt.NDArray[Any]]) -> Stack | None:
        """Lay columns of records out as a batch, without building the items.

        Args:
            columns: For each field an array with the samples along the first axis.

        Returns:
            One array per element of an item, in a tuple or a dict as an item is, with the values,
            shapes and dtypes that collating `item(record)` of each sample would give; None when the
            items must be built.
        """
