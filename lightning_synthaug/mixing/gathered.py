"""Rows that were gathered from the store as columns: laid out as a batch, relabelled, cut into records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from lightning_synthaug.data import DatasetAdapter, Record
from lightning_synthaug.store import Scattered

__all__ = ["Column", "Stacked", "cut_record", "relabelled", "stack"]

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
        item: Builds an item of a record.
    """

    rows: npt.NDArray[np.int64]
    others: npt.NDArray[np.int64]
    arrays: tuple[Column, ...] | Mapping[Any, Column]
    columns: Mapping[str, Column]
    item: Callable[[Record], Any]

    def among(self, items: list[Any]) -> list[Any]:
        """Build the gathered rows one by one, and put them among the items of the others, in row order."""
        batch = dict(zip(self.others.tolist(), items, strict=True))
        for i, row in enumerate(self.rows.tolist()):
            batch[row] = self.item(cut_record(self.columns, i))
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
