"""Rows of datasets that are made of tensors, read all at once."""

from __future__ import annotations

from typing import Any, final

import torch
from torch.utils.data import Subset, TensorDataset

from lightning_synthaug.mixing.assemble import Columns

__all__ = ["TensorRows"]


@final
class TensorRows:
    """Read samples of a `TensorDataset`, or of a `Subset` of one.

    Args:
        tensors: One for each element of an item, of shape `(n, ...)`.
        selected: Which of their rows are the samples, int64; None: all.
    """

    def __init__(self, tensors: tuple[torch.Tensor, ...], selected: torch.Tensor | None) -> None:
        self._tensors = tensors
        self._selected = selected

    @classmethod
    def of(cls, dataset: Any) -> TensorRows | None:
        """Look into a dataset.

        Args:
            dataset: Any dataset.

        Returns:
            Its rows; None where its class may do something else to them.
        """
        if type(dataset) is TensorDataset:
            return cls(dataset.tensors, None)
        inner = cls.of(dataset.dataset) if type(dataset) is Subset else None
        if inner is None:
            return None
        mine = torch.as_tensor(dataset.indices, dtype=torch.int64)
        return cls(inner._tensors, mine if inner._selected is None else inner._selected[mine])

    def read(self, indices: list[int]) -> Columns:
        """Copy samples.

        Args:
            indices: Which ones, all of them >= 0.

        Returns:
            What stacking these items would give, one tensor for each element.
        """
        index = torch.tensor(indices, dtype=torch.int64)
        if self._selected is not None:
            index = self._selected[index]
        return Columns(tuple(tensor.index_select(0, index) for tensor in self._tensors))
