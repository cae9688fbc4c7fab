"""Choose how the user's dataset is translated to and from records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lightning_synthaug.data.adapters import (
    CallableAdapter,
    ConcatAdapter,
    DatasetAdapter,
    FormattedAdapter,
    ItemAdapter,
    SubsetAdapter,
)
from lightning_synthaug.data.kinds import is_concat, is_formatted, is_subset, is_tensors
from lightning_synthaug.data.leaves import type_name
from lightning_synthaug.data.naming import tensor_names
from lightning_synthaug.data.record import Record
from lightning_synthaug.errors import DataError

__all__ = ["DatasetAdapter", "adapt"]


def adapt(
    dataset: Any,
    *,
    item: Callable[[Record], Any] | None = None,
    record: Callable[[Any, int], Mapping[str, Any]] | None = None,
) -> DatasetAdapter:
    """Find the adapter for a dataset, without reading from it.

    `Subset`, `ConcatDataset` and the transform of a Hugging Face dataset are seen through; the
    tensors of a `TensorDataset` get their names; everything else, torchvision's datasets included,
    is adapted by the example of its first item. `item` and `record` have the last word.

    Args:
        dataset: Map-style dataset: `len(dataset)` and `dataset[index]`.
        item: Turns a record into what the dataset returns, the user's transforms included.
        record: Reads the raw sample at `(dataset, index)`.

    Returns:
        Adapter that can be pickled if the dataset and the functions can.

    Raises:
        DataError: The dataset cannot be indexed (SA201), or `item` or `record` cannot be called
            (SA207).

    Example:
        >>> import numpy as np
        >>> adapter = adapt([(np.zeros((3, 8, 8), np.float32), 5)])
        >>> adapter.record(0)
        Record(image: float32[8, 8, 3], label: 5)
        >>> image, label = adapter.item(adapter.record(0))
        >>> image.shape, label
        ((3, 8, 8), 5)
    """
    for name, function in (("item", item), ("record", record)):
        if function is not None and not callable(function):
            msg = (
                f"`{name}=` must be a function, got {function!r}. Pass a function, or leave it out."
            )
            raise DataError("SA207", msg)
    if not hasattr(dataset, "__getitem__") or not hasattr(dataset, "__len__"):
        msg = (
            "The dataset must be map-style, with len(dataset) and dataset[index], got "
            f"{type_name(dataset)}. A stream has no samples to plan with: index it first, or read "
            "it into a list."
        )
        raise DataError("SA201", msg)
    inner = _choose(dataset)
    return (
        inner
        if item is None and record is None
        else CallableAdapter(inner, item=item, record=record)
    )


def _choose(dataset: Any) -> DatasetAdapter:
    """Choose by what the dataset looks like."""
    if is_subset(dataset):
        return SubsetAdapter(dataset, adapt(dataset.dataset))
    if is_concat(dataset):
        return ConcatAdapter(dataset, [adapt(part) for part in dataset.datasets])
    if is_formatted(dataset):
        return FormattedAdapter(dataset, adapt(dataset.with_format(None)))
    return ItemAdapter(dataset, tensor_names(dataset.tensors) if is_tensors(dataset) else None)
