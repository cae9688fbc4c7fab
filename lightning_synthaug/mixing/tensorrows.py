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

#: What torch selects rows of; not of the unsigned types that it added later.
_SELECTABLE = frozenset(
    {torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64}
    | {
        torch.float16,
        torch.bfloat16,
        torch.float32,
        torch.float64,
        torch.complex64,
        torch.complex128,
    }
)


@final
class TensorRows:
    """Read samples of a `TensorDataset`, or of a `Subset` of one, as they are now.

    Users give datasets other tensors and other indices between epochs, so neither is kept longer than for a batch.

    Args:
        tensors: One for each element of an item, of shape `(n, ...)`.
        chosen: The indices of each subset, the outermost first.
    """

    def __init__(self, tensors: tuple[torch.Tensor, ...], chosen: tuple[Any, ...] = ()) -> None:
        self._tensors = tensors
        self._chosen = chosen

    @classmethod
    def of(cls, dataset: Any, known: TensorRows | None = None) -> TensorRows | None:
        """Look into a dataset.

        Args:
            dataset: Any dataset.
            known: What was found the last time, which may be right still.

        Returns:
            Its rows; None where its class may do something else to them, or its tensors are not just numbers in
            memory.
        """
        if known is not None and getattr(dataset, "tensors", None) is known._tensors:
            return known
        chosen: tuple[Any, ...] = ()
        while type(dataset) is Subset:
            chosen = *chosen, dataset.indices
            dataset = dataset.dataset
        if type(dataset) is not TensorDataset or not all(map(_is_plain, dataset.tensors)):
            return None
        return cls(dataset.tensors, chosen)

    def read(
        self, indices: Sequence[int] | npt.NDArray[np.int64], new: New | None
    ) -> list[torch.Tensor]:
        """Copy samples.

        Args:
            indices: Which ones.
            new: Makes the tensors; None: torch does.

        Returns:
            What stacking these items would give, one tensor for each element.

        Raises:
            IndexError: There is no such sample.
        """
        for chosen in self._chosen:
            indices = _selected(chosen, indices)
        rows = np.array(indices, np.int64)
        try:
            return self._read(rows, new)
        except IndexError:  # looking for negative ones each time would cost as much as the rest
            return self._read(np.where(rows < 0, rows + len(self._tensors[0]), rows), new)

    def _read(self, rows: npt.NDArray[np.int64], new: New | None) -> list[torch.Tensor]:
        """Copy rows of the tensors."""
        index = torch.from_numpy(rows)
        if new is None:
            return [tensor.index_select(0, index) for tensor in self._tensors]
        columns = []
        for tensor in self._tensors:
            column = new((len(index), *tensor.shape[1:]), tensor.dtype)
            columns.append(torch.index_select(tensor, 0, index, out=column))
        return columns


def _selected(chosen: Any, indices: Sequence[int] | npt.NDArray[np.int64]) -> Any:
    """Look up a few indices of a subset, which are a list of Python's, or an array or a tensor."""
    if hasattr(chosen, "__array__"):
        return np.asarray(chosen)[np.asarray(indices, np.int64)]
    return [chosen[i] for i in indices]


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

    def items(self) -> list[tuple[torch.Tensor, ...]]:
        """Copy them as the items that the dataset would return."""
        return list(zip(*self.read(None), strict=True))


def _is_plain(tensor: torch.Tensor) -> bool:
    """Tell whether rows can be copied out of a tensor without anybody noticing."""
    return (
        type(tensor) is torch.Tensor
        and tensor.dtype in _SELECTABLE
        and not tensor.requires_grad
        and tensor.device.type == "cpu"
        and tensor.layout is torch.strided
        and not (tensor.is_conj() or tensor.is_neg())  # what is conjugated when it is read
    )
