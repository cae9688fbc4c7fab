"""Rows of datasets that are made of tensors, read all at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, final

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import Subset, TensorDataset

from lightning_synthaug.mixing.ring import New

__all__ = ["Columns", "TensorRows"]


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
            Its rows; None where its class may do something else to them, or its tensors are not just numbers in
            memory.
        """
        if type(dataset) is TensorDataset:
            return cls(dataset.tensors, None) if all(map(_is_plain, dataset.tensors)) else None
        inner = cls.of(dataset.dataset) if type(dataset) is Subset else None
        if inner is None:
            return None
        mine = torch.as_tensor(dataset.indices, dtype=torch.int64)
        return cls(inner._tensors, mine if inner._selected is None else inner._selected[mine])

    def read(
        self, indices: Sequence[int] | npt.NDArray[np.int64], new: New | None
    ) -> list[torch.Tensor]:
        """Copy samples.

        Args:
            indices: Which ones, all of them >= 0.
            new: Makes the tensors; None: torch does.

        Returns:
            What stacking these items would give, one tensor for each element.
        """
        index = torch.from_numpy(np.array(indices, np.int64))
        if self._selected is not None:
            index = self._selected[index]
        if new is None:
            return [tensor.index_select(0, index) for tensor in self._tensors]
        columns = []
        for tensor in self._tensors:
            column = new((len(index), *tensor.shape[1:]), tensor.dtype)
            columns.append(torch.index_select(tensor, 0, index, out=column))
        return columns


class Columns(NamedTuple):
    """Samples of a dataset of tensors, to be read all at once when their batch is put together.

    Attributes:
        rows: The dataset.
        indices: Which samples.
    """

    rows: TensorRows
    indices: Sequence[int] | npt.NDArray[np.int64]

    def read(self, new: New | None) -> list[torch.Tensor]:
        """Copy them; see `TensorRows.read`."""
        return self.rows.read(self.indices, new)


def _is_plain(tensor: torch.Tensor) -> bool:
    """Tell whether rows can be copied out of a tensor without anybody noticing."""
    on_host = tensor.device.type == "cpu" and tensor.layout is torch.strided
    return type(tensor) is torch.Tensor and on_host and not tensor.requires_grad
