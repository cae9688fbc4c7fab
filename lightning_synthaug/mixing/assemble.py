"""Put collated real rows and gathered synthetic columns into one batch."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import default_collate, get_worker_info

__all__ = ["Columns", "Stacked", "collate_items", "collate_mixed", "is_default_collate"]


#: Batches of fewer bytes are copied into shared memory by the queue for less than it costs to write there.
_SHARED = 1 << 20


class Columns(NamedTuple):
    """Rows that a dataset of tensors gave all at once.

    Attributes:
        tensors: One tensor for each element of an item, of shape `(n, ...)`.
    """

    tensors: tuple[torch.Tensor, ...]


class Stacked(NamedTuple):
    """Rows of a batch that were gathered as columns, at least one.

    Attributes:
        rows: Their places in the batch. Shape `(k,)`.
        others: Places of the other rows. Shape `(n - k,)`.
        arrays: One array for each element of an item, of shape `(k, ...)`.
        columns: The fields that they were made from, one array each.
    """

    rows: npt.NDArray[np.int64]
    others: npt.NDArray[np.int64]
    arrays: tuple[npt.NDArray[Any], ...]
    columns: Mapping[str, npt.NDArray[Any]]


def is_default_collate(collate: Callable[[list[Any]], Any]) -> bool:
    """Tell whether a collate function is torch's default.

    Args:
        collate: Any collate function.

    Returns:
        True for torch's own.
    """
    return collate is default_collate


def collate_items(items: list[Any] | Columns) -> Any:
    """Do what `default_collate` does, faster where items are plain tuples or came as columns.

    Args:
        items: Items of a batch, at least one, or its columns.

    Returns:
        Exactly what `default_collate` returns.
    """
    if isinstance(items, Columns):
        return list(items.tensors)
    if type(items[0]) is not tuple:
        return default_collate(items)
    try:
        return [_stacked(elements) for elements in zip(*items, strict=True)]
    except ValueError:  # shapes or lengths differ: torch's own message is the one users know
        return default_collate(items)


def collate_mixed(items: list[Any] | Columns, stacked: Stacked) -> list[Any]:
    """Collate items that are tuples and set the gathered rows among them.

    Args:
        items: The other rows' items or columns, in row order; may be empty.
        stacked: The gathered rows.

    Returns:
        What `default_collate` gives for all rows: a list of tensors of shape `(n, ...)`.
    """
    others = stacked.others
    if not others.size:
        return [torch.from_numpy(np.ascontiguousarray(a)) for a in stacked.arrays]
    real: Any = items.tensors if isinstance(items, Columns) else zip(*items, strict=True)
    size = stacked.rows.size + others.size
    batch = []
    for elements, column in zip(real, stacked.arrays, strict=True):
        tensor = _new_tensor((size, *column.shape[1:]), column.dtype)
        whole = tensor.numpy()
        whole[stacked.rows] = column
        _put(whole, others, elements)
        batch.append(tensor)
    return batch


def _new_tensor(shape: tuple[int, ...], dtype: npt.DTypeLike) -> torch.Tensor:
    """Make an empty tensor; a large one in a worker in shared memory, as torch's collate does: it saves a copy."""
    kind = _torch_dtype(np.dtype(dtype))
    if get_worker_info() is None:
        return torch.empty(shape, dtype=kind)
    count = math.prod(shape)
    if count * kind.itemsize < _SHARED:
        return torch.empty(shape, dtype=kind)
    storage = torch.UntypedStorage._new_shared(count * kind.itemsize, device="cpu")
    return torch.empty(0, dtype=kind).set_(storage)[:count].view(shape)


@functools.cache
def _torch_dtype(dtype: np.dtype[Any]) -> torch.dtype:
    """Look up the dtype of a tensor that shares an array's memory."""
    return torch.from_numpy(np.empty(0, dtype)).dtype


def _put(whole: npt.NDArray[Any], rows: npt.NDArray[np.int64], elements: Any) -> None:
    """Set one element of each item into the batch, as `default_collate` would have stacked it."""
    # By way of one array: NumPy sets rows ten times faster than torch's index_put.
    if isinstance(elements, torch.Tensor):
        whole[rows] = elements.numpy()
    elif isinstance(elements[0], torch.Tensor):
        whole[rows] = torch.stack(elements).numpy()
    elif _is_plain_array(elements[0]):
        for row, element in zip(rows.tolist(), elements, strict=True):
            whole[row] = element
    else:
        whole[rows] = np.asarray(elements)


def _stacked(elements: tuple[Any, ...]) -> Any:
    """Stack one element of each item."""
    first = elements[0]
    if _is_plain_array(first) and all(
        type(e) is np.ndarray and e.dtype == first.dtype for e in elements
    ):  # torch would make a tensor of each one first
        tensor = _new_tensor((len(elements), *first.shape), first.dtype)
        np.stack(elements, out=tensor.numpy())
        return tensor
    if type(first) is int:
        return torch.tensor(elements)
    if type(first) is torch.Tensor and get_worker_info() is None:
        return torch.stack(elements)
    return default_collate(list(elements))


def _is_plain_array(element: object) -> bool:
    """Tell whether stacking by NumPy gives what torch would give."""
    return (
        type(element) is np.ndarray
        and element.ndim > 0
        and element.dtype.kind in "biuf"
        and element.dtype.isnative
    )
