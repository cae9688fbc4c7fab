"""Recognise well-known kinds of datasets by their attributes, never by their classes."""

from __future__ import annotations

from typing import Any

from lightning_synthaug.data.bare import TRANSFORM_NAMES

__all__ = ["is_concat", "is_subset", "is_tensors"]


def is_subset(dataset: Any) -> bool:
    """Tell whether a dataset is a selection of another one that changes nothing in it.

    A wrapper that has a transform of its own does change items, and is no mere selection.

    Args:
        dataset: Any dataset.

    Returns:
        True for `torch.utils.data.Subset` and what looks like it.
    """
    selects = hasattr(dataset, "dataset") and hasattr(dataset, "indices")
    return selects and not any(callable(getattr(dataset, name, None)) for name in TRANSFORM_NAMES)


def is_concat(dataset: Any) -> bool:
    """Tell whether a dataset is several ones laid end to end.

    Args:
        dataset: Any dataset.

    Returns:
        True for a `torch.utils.data.ConcatDataset` and what looks like it.
    """
    return bool(getattr(dataset, "datasets", None)) and hasattr(dataset, "cumulative_sizes")


def is_tensors(dataset: Any) -> bool:
    """Tell whether a dataset is a tuple of tensors.

    Args:
        dataset: Any dataset.

    Returns:
        True for a `torch.utils.data.TensorDataset` and what looks like it.
    """
    tensors = getattr(dataset, "tensors", None)
    return isinstance(tensors, tuple | list) and all(
        hasattr(t, "dtype") and hasattr(t, "shape") for t in tensors
    )
