"""Put collated real rows and gathered synthetic columns into one batch."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import default_collate
from torch.utils.data._utils.collate import collate, collate_tensor_fn, default_collate_fn_map

from lightning_synthaug.data import DatasetAdapter, Record
from lightning_synthaug.mixing.ring import New
from lightning_synthaug.mixing.tensorrows import Columns
from lightning_synthaug.store import Scattered

__all__ = [
    "Stacked",
    "collate_items",
    "collate_mixed",
    "cut_record",
    "is_default_collate",
    "relabelled",
    "stack",
]

#: One element, or one field, of several rows.
Column = npt.NDArray[Any] | Scattered


class Stacked(NamedTuple):
    """Rows of a batch that were gathered as columns, at least one.

    Attributes:
        rows: Their places in the batch. Shape `(k,)`.
        others: Places of the other rows. Shape `(n - k,)`.
        arrays: One array for each element of an item, of shape `(k, ...)`, in a tuple or a dict as an item is; large
            ones where they lie.
        columns: The fields that they were made from.
        adapter: Builds an item of a record.
    """

    rows: npt.NDArray[np.int64]
    others: npt.NDArray[np.int64]
    arrays: tuple[Column, ...] | Mapping[Any, Column]
    columns: Mapping[str, Column]
    adapter: DatasetAdapter

    def among(self, items: list[Any]) -> list[Any]:
        """Build the gathered rows one by one, and put them among the items of the others, in row order."""
        batch = dict(zip(self.others.tolist(), items, strict=True))
        for i, row in enumerate(self.rows.tolist()):
            batch[row] = self.adapter.item(cut_record(self.columns, i))
        return [batch[row] for row in range(len(batch))]


def stack(
    adapter: DatasetAdapter, columns: Mapping[str, Column]
) -> tuple[Column, ...] | Mapping[Any, Column] | None:
    """Lay columns out as a batch, large ones where they lie; see `DatasetAdapter.stack`.

    Args:
        adapter: Knows how items are built.
        columns: One for each field.

    Returns:
        One for each element of an item; None where items must be built one by one.
    """
    large = {name: column for name, column in columns.items() if isinstance(column, Scattered)}
    small: dict[str, Any] = {n: column for n, column in columns.items() if n not in large}
    if not large:
        return adapter.stack(small)
    # What becomes of an array that holds more than a number is a view of it, so it may as well be the whole file's.
    stretches = next(iter(large.values())).stretches
    laid = []
    for i in range(len(stretches)):
        whole = {name: column.stretches[i].values for name, column in large.items()}
        arrays = adapter.stack({**small, **whole})
        if arrays is None:
            return None
        laid.append(arrays)
    files = [column.stretches[0].values for column in large.values()]

    def joined(key: Any) -> Column:
        first: npt.NDArray[Any] = laid[0][key]
        if not any(np.may_share_memory(first, file) for file in files):
            return first
        return Scattered([s._replace(values=a[key]) for s, a in zip(stretches, laid, strict=True)])

    if isinstance(laid[0], dict):
        return {key: joined(key) for key in laid[0]}
    return tuple(joined(i) for i in range(len(laid[0])))


def relabelled(
    columns: Mapping[str, Column], labels: npt.NDArray[np.int64], mine: npt.NDArray[np.bool_]
) -> Mapping[str, Column]:
    """Put labels in place of those that generators told, where they are classes and not soft or numbers to regress.

    Args:
        columns: One for each field.
        labels: The labels planned. Shape `(n,)`.
        mine: For which rows. Shape `(n,)`.

    Returns:
        The columns, with other labels.
    """
    told = columns.get("label")
    if not isinstance(told, np.ndarray) or told.ndim != 1 or told.dtype.kind not in "biu":
        return columns
    return {**columns, "label": np.where(mine, labels, told).astype(told.dtype, copy=False)}


def cut_record(columns: Mapping[str, Column], row: int) -> Record:
    """Cut one record out of columns.

    Args:
        columns: One for each field.
        row: Which, in [0, n).
    """
    return Record({name: values[row] for name, values in columns.items()})


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
    if not all(type(item) is kind and len(item) == len(arrays) for item in items):
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
    if shape and all(
        type(e) is np.ndarray and e.dtype == dtype and e.shape == shape for e in elements
    ):
        for row, element in zip(rows.tolist(), elements, strict=True):
            whole[row] = element
        return True
    try:
        told = elements if isinstance(elements, torch.Tensor) else _stacked(elements, None)
    except (TypeError, ValueError, RuntimeError):
        return False
    plain = type(told) is torch.Tensor and not told.requires_grad
    if not plain or told.dtype != _torch_dtype(dtype) or told.shape[1:] != shape:
        return False
    # By way of one array: NumPy sets rows ten times faster than torch's index_put.
    whole[rows] = told.numpy()
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
