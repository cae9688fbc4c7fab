"""Find the label of every sample, without reading the samples where possible."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import numpy as np
import numpy.typing as npt

from lightning_synthaug.data.bare import shallow, without_transforms
from lightning_synthaug.data.kinds import is_concat, is_formatted, is_subset, is_tensors
from lightning_synthaug.data.label_map import LabelMap
from lightning_synthaug.data.label_table import LabelTable
from lightning_synthaug.data.leaves import is_number, is_tensor, to_array, type_name
from lightning_synthaug.data.naming import LABEL_KEYS, begins_with_sound, label_place
from lightning_synthaug.data.transforms import seeded_globals
from lightning_synthaug.errors import DataError

__all__ = ["LabelMap", "LabelTable", "find_labels", "label_of", "stored_labels"]

_ATTRIBUTES = ("targets", "labels")


def find_labels(
    dataset: Any,
    *,
    labels: Any = None,
    label_map: Mapping[int, int] | LabelMap | None = None,
    class_names: Sequence[str] | Mapping[int, str] | None = None,
    progress: bool = False,
) -> LabelTable:
    """Find the labels of a dataset in the user's own values, before any target transform.

    The first that exists counts: `labels`; `.targets` or `.labels`; the last whole-number tensor of
    a `TensorDataset`; the column `"label"` or `"labels"` of a Hugging Face dataset; these also
    through `Subset` and `ConcatDataset`; else one pass over the samples, without their transforms.

    Args:
        dataset: Map-style dataset.
        labels: One whole number per sample (sequence, array or tensor), or a function of the index.
        label_map: `{user_label: generator_label}`; only checked here: some of its user labels
            must occur.
        class_names: Names of the classes, see `LabelTable`.
        progress: Whether to show a bar over passes that read samples.

    Returns:
        Labels of all samples.

    Raises:
        DataError: There are no whole-number labels, or not one per sample (SA208), `label_map`
            names no label that occurs (SA209), or the names do not fit (SA210).

    Example:
        >>> find_labels([("a", 1), ("b", 0), ("c", 1)])
        LabelTable(3 samples; 0: 1, 1: 2)
    """
    size = len(dataset)
    if labels is not None:
        codes = _given(labels, size, progress=progress)
    else:
        known = stored_labels(dataset)
        codes = known if known is not None else _read(dataset, progress=progress)
    table = LabelTable(codes, class_names=class_names)
    _check_map(label_map, table)
    return table


def stored_labels(dataset: Any) -> npt.NDArray[np.int64] | None:
    """Find labels that a dataset keeps apart from its samples.

    Args:
        dataset: Any dataset; no sample is read.

    Returns:
        Shape `(N,)`; None when there are none, or they are no whole numbers, or not one per sample.

    Example:
        >>> stored_labels([("a", 1), ("b", 0)]) is None
        True
    """
    size = len(dataset)
    for name in _ATTRIBUTES:
        codes = _column(getattr(dataset, name, None), size)
        if codes is not None:
            return codes
    if is_tensors(dataset):
        place = label_place(dataset.tensors)
        return None if place is None else _column(dataset.tensors[place].reshape(-1), size)
    if is_subset(dataset):
        below = stored_labels(dataset.dataset)
        return None if below is None else below[np.asarray(dataset.indices, np.int64).reshape(-1)]
    if is_concat(dataset):
        parts = [stored_labels(part) for part in dataset.datasets]
        known = [part for part in parts if part is not None]
        return np.concatenate(known) if len(known) == len(parts) else None
    columns = getattr(dataset, "column_names", None)
    if isinstance(columns, list | tuple):
        # A transform of the user's may change or drop the column.
        dataset = dataset.with_format(None) if is_formatted(dataset) else dataset
        for name in ("label", "labels"):
            codes = _column(dataset[name], size) if name in columns else None
            if codes is not None:
                return codes
    return None


def label_of(label: Any, index: int) -> int:
    """Take one label as a whole number.

    Args:
        label: Number, or array or tensor of one element.
        index: Its sample, for the message.

    Returns:
        The number.

    Raises:
        DataError: It is none (SA208).
    """
    value = label
    if is_tensor(label) or isinstance(label, np.ndarray):
        array = to_array(label)
        value = array.reshape(-1)[0] if array.size == 1 else label
    if is_number(value) and float(value).is_integer():
        return int(value)
    got, hint = "none" if label is None else f"a {type_name(label)}", ""
    if hasattr(label, "shape") and hasattr(label, "dtype"):
        got = f"{label.dtype} of shape {list(label.shape)}"
        hint = " (for one-hot labels y, `labels=y.argmax(1)` and an `item=` that makes them again)"
    msg = (
        f"Each sample must carry a whole-number label, got {got} at sample {index}. Pass "
        f"`labels=`, a sequence of class indices or a function of the index{hint}; "
        "`balance='proportional'` needs no labels."
    )
    raise DataError("SA208", msg)


def _column(values: Any, size: int) -> npt.NDArray[np.int64] | None:
    """Read a column of whole numbers, or None when it is something else."""
    # A mapping (name of each label) or a set holds no column, though one can list its keys.
    if values is None or callable(values) or isinstance(values, Mapping | AbstractSet):
        return None
    try:
        array = (
            to_array(values)
            if is_tensor(values)
            else np.asarray(values[:] if hasattr(values, "dtype") else list(values))
        )
    except (TypeError, ValueError):
        return None
    if array.shape != (size,) or array.dtype.kind not in "biu":
        return None
    return array.astype(np.int64)


def _given(labels: Any, size: int, *, progress: bool) -> npt.NDArray[Any]:
    """Read what the user passed as labels."""
    if callable(labels):
        return np.asarray(
            [label_of(labels(index), index) for index in _bar(size, progress=progress)], np.int64
        )
    codes = to_array(labels) if is_tensor(labels) else np.asarray(labels)
    if codes.ndim == 1 and len(codes) != size:
        msg = (
            f"`labels` must hold one label per sample, got {len(codes)} for {size} samples. Pass "
            "them all, in order."
        )
        raise DataError("SA208", msg)
    return codes


def _read(dataset: Any, *, progress: bool) -> npt.NDArray[np.int64]:
    """Read every sample for its label."""
    read = _raw_reader(dataset)
    indices = _bar(len(dataset), progress=progress)
    with seeded_globals(0):  # samples that are random must not move the user's random state
        return np.asarray([_of_item(read(index), index) for index in indices], np.int64)


def _raw_reader(dataset: Any) -> Callable[[int], Any]:
    """Choose how raw samples are read: as the adapters do, through views and without transforms."""
    if is_subset(dataset):
        below = _raw_reader(dataset.dataset)
        return lambda index: below(int(dataset.indices[index]))
    if is_concat(dataset):
        sizes = [0, *dataset.cumulative_sizes]
        parts = [_raw_reader(part) for part in dataset.datasets]
        return lambda index: parts[place := bisect_right(sizes, index) - 1](index - sizes[place])
    bare, spies = without_transforms(dataset)
    if not spies:
        bare = shallow(dataset)  # a file that it opens must not be shared by workers forked later
    return lambda index: bare[index]


def _bar(size: int, *, progress: bool) -> Any:
    """Count through the samples, with a bar if wanted."""
    if not progress:
        return range(size)
    from tqdm import tqdm  # only here: importing it costs more than most passes

    return tqdm(range(size), desc="Reading labels", unit="sample")


def _of_item(item: Any, index: int) -> int:
    """Take the label out of one item."""
    if isinstance(item, Mapping):
        key = next((key for key in LABEL_KEYS if key in item), None)
        return label_of(None if key is None else item[key], index)
    if isinstance(item, tuple | list) and len(item) > 1:
        named = getattr(item, "_fields", ())
        usual = 2 if begins_with_sound(item) else 1
        place = next((named.index(key) for key in LABEL_KEYS if key in named), usual)
        return label_of(item[place], index)
    return label_of(None, index)


def _check_map(label_map: Mapping[int, int] | LabelMap | None, table: LabelTable) -> None:
    """Check that a label map starts from labels of the dataset; a small dataset may lack some."""
    labels = label_map if isinstance(label_map, LabelMap) else LabelMap(label_map)
    users = sorted(labels.mapping or {})
    if users and not set(users) & set(table.values.tolist()):
        msg = (
            f"`label_map` must start from labels of the dataset, got {users[:20]}, none of which any "
            f"sample carries. Write {{user_label: generator_label}} with user labels among "
            f"{table.values.tolist()[:20]}."
        )
        raise DataError("SA209", msg)
