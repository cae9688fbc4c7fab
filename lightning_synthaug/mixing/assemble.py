"""Put collated real rows and gathered synthetic columns into one batch."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import default_collate
from torch.utils.data._utils.collate import collate, collate_tensor_fn, default_collate_fn_map

from lightning_synthaug.mixing.gathered import Column, Stacked
from lightning_synthaug.mixing.ring import New
from lightning_synthaug.mixing.tensorrows import Columns
from lightning_synthaug.store import Scattered

__all__ = ["collate_items", "collate_mixed", "is_default_collate"]

#: Python's numbers that torch makes a tensor of this dtype of.
_NUMBERS: Final[Mapping[np.dtype[Any], type]] = {np.dtype("i8"): int, np.dtype("f8"): float}


def is_default_collate(collate: Callable[[list[Any]], Any]) -> bool:
    """Tell whether a collate function is torch's default, with all that torch's table says it does to a type.

    Args:
        collate: Any collate function.

    Returns:
        True for torch's own; False also where somebody told `default_collate_fn_map` otherwise.
    """
    own = default_collate.__module__
    return collate is default_collate and all(
        getattr(function, "__module__", None) == own for function in default_collate_fn_map.values()
    )


def collate_items(items: Any, new: New | None = None) -> Any:
    """Do what `default_collate` does, faster where items are plain tuples or dicts, or came as columns.

    Args:
        items: Items of a batch, at least one, or its columns, or whatever a dataset returns for several indices.
        new: Makes the batch's tensors; None: torch does.

    Returns:
        Exactly what `default_collate` returns.
    """
    if isinstance(items, Columns):
        return items.read(new)
    if type(items) is not list or type(items[0]) not in (tuple, dict):
        return _collated(items, new)
    first = items[0]
    try:
        if type(first) is dict:
            return {key: _stacked([item[key] for item in items], new) for key in first}
        return [_stacked(elements, new) for elements in zip(*items, strict=True)]
    except (KeyError, TypeError, ValueError):
        # Keys, shapes or lengths differ: torch's own message is the one that users know.
        return default_collate(items)


def collate_mixed(items: list[Any] | Columns, stacked: Stacked, new: New | None = None) -> Any:
    """Collate items that are tuples or dicts and set the gathered rows among them.

    Args:
        items: The other rows' items or columns, in row order; may be empty.
        stacked: The gathered rows.
        new: Makes the batch's tensors; None: torch does.

    Returns:
        What `default_collate` gives for all rows: a list or a dict of tensors of shape `(n, ...)`.
    """
    arrays = stacked.arrays
    columns = tuple(arrays) if isinstance(arrays, tuple) else tuple(arrays.values())
    real = items.read(None) if isinstance(items, Columns) else _transposed(items, arrays)
    batch = None if real is None else _set_among(real, columns, stacked, new)
    if batch is None:  # real items differ from the one that the columns were laid out like
        each = items.items() if isinstance(items, Columns) else items
        return collate_items(stacked.among(each), new)
    return batch if isinstance(arrays, tuple) else dict(zip(arrays, batch, strict=True))


def _transposed(
    items: list[Any], arrays: tuple[Column, ...] | Mapping[Any, Column]
) -> list[Any] | None:
    """List each element of all items; None where they are not built as the columns are."""
    kind = tuple if isinstance(arrays, tuple) else dict
    if items and (set(map(type, items)) != {kind} or set(map(len, items)) != {len(arrays)}):
        return None
    if isinstance(arrays, tuple):
        return list(zip(*items, strict=True))
    try:
        return [[item[key] for item in items] for key in arrays]
    except KeyError:
        return None


def _set_among(
    real: Sequence[Any], arrays: tuple[Column, ...], stacked: Stacked, new: New | None
) -> list[torch.Tensor] | None:
    """Set gathered columns among the elements of the other items; None where these are not alike."""
    others = stacked.others
    size = stacked.rows.size + others.size
    batch = []
    for i, column in enumerate(arrays):
        shape = column.shape if isinstance(column, Scattered) else column.shape[1:]
        tensor = (new or _empty)((size, *shape), _torch_dtype(column.dtype))
        whole = tensor.numpy()
        if others.size and not _put(whole, others, real[i]):
            return None
        if isinstance(column, Scattered):
            column.put(whole, stacked.rows)
        else:
            whole[stacked.rows] = column
        batch.append(tensor)
    return batch


def _empty(shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
    """Make a tensor in memory of this process."""
    return torch.empty(shape, dtype=dtype)


@functools.cache
def _torch_dtype(dtype: np.dtype[Any]) -> torch.dtype:
    """Look up the dtype of a tensor that shares an array's memory."""
    return torch.from_numpy(np.empty(0, dtype)).dtype


def _put(whole: npt.NDArray[Any], rows: npt.NDArray[np.int64], elements: Any) -> bool:
    """Set one element of each item into the batch; False where `default_collate` would not have stacked them so.

    NumPy would bend whatever it is given into the array that is there: to other numbers, or to other shapes.
    """
    dtype, shape = whole.dtype, whole.shape[1:]
    if not isinstance(elements, torch.Tensor):
        kinds = set(map(type, elements))
        if kinds == {np.ndarray} and shape:
            for row, element in zip(rows.tolist(), elements, strict=True):
                if element.dtype != dtype or element.shape != shape:
                    return False
                whole[row] = element
            return True
        if kinds == {_NUMBERS.get(dtype)} and not shape:
            whole[rows] = elements
            return True
    try:
        told = elements if isinstance(elements, torch.Tensor) else _stacked(elements, None)
        part = told.numpy()  # NumPy sets rows ten times faster than torch's index_put
    except (AttributeError, TypeError, ValueError, RuntimeError):
        return False
    if type(told) is not torch.Tensor or part.dtype != dtype or part.shape[1:] != shape:
        return False
    whole[rows] = part
    return True


def _stacked(elements: Sequence[Any], new: New | None) -> Any:
    """Stack one element of each item, which are a tuple or a list as torch would have them."""
    first = elements[0]
    if _is_plain_array(first) and all(
        type(e) is np.ndarray and e.dtype == first.dtype for e in elements
    ):  # torch would make a tensor of each one first
        tensor = (new or _empty)((len(elements), *first.shape), _torch_dtype(first.dtype))
        np.stack(elements, out=tensor.numpy())
        return tensor
    if type(first) is int:
        return torch.tensor(elements)
    if type(first) is torch.Tensor and new is None:
        return torch.stack(tuple(elements))
    return _collated(elements, new)


def _collated(items: Any, new: New | None) -> Any:
    """Collate as torch does, which leaves it to a table how to stack tensors."""
    if new is None:
        return default_collate(items)

    def stack(batch: Any, *, collate_fn_map: Any = None) -> torch.Tensor:
        first = batch[0]
        plain = not first.is_nested and first.layout is torch.strided and first.device.type == "cpu"
        if not plain or not all(
            type(t) is torch.Tensor and t.dtype == first.dtype and t.shape == first.shape
            for t in batch
        ):
            told: torch.Tensor = collate_tensor_fn(batch, collate_fn_map=collate_fn_map)
            return told
        return torch.stack(tuple(batch), out=new((len(batch), *first.shape), first.dtype))

    return collate(items, collate_fn_map={**default_collate_fn_map, torch.Tensor: stack})


def _is_plain_array(element: object) -> bool:
    """Tell whether stacking by NumPy gives what torch would give."""
    return (
        type(element) is np.ndarray
        and element.ndim > 0
        and element.dtype.kind in "biuf"
        and element.dtype.isnative
    )
