"""Recognise well-known kinds of datasets without importing torch."""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["is_concat", "is_formatted", "is_subset", "is_tensors"]


def is_subset(dataset: Any) -> bool:
    """Tell whether a dataset is a selection of another one that changes nothing in it.

    Args:
        dataset: Any dataset.

    Returns:
        True for what reads its items as `torch.utils.data.Subset` does. A wrapper with a way of
        its own may change items, whatever its attributes are called.
    """
    return _reads_as(dataset, "Subset")


def is_concat(dataset: Any) -> bool:
    """Tell whether a dataset is several ones laid end to end.

    Args:
        dataset: Any dataset.

    Returns:
        True for what reads its items as `torch.utils.data.ConcatDataset` does.
    """
    return _reads_as(dataset, "ConcatDataset")


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


def _reads_as(dataset: Any, name: str) -> bool:
    """Tell whether a dataset inherits its way of reading from a class of torch."""
    # Whatever is made of torch's classes exists only where torch is loaded.
    module = sys.modules.get("torch.utils.data")
    method = getattr(type(dataset), "__getitem__", None)
    return module is not None and method is getattr(module, name).__getitem__


def is_formatted(dataset: Any) -> bool:
    """Tell whether a dataset is one of Hugging Face with a transform of the user's.

    Args:
        dataset: Any dataset.

    Example:
        >>> is_formatted([1, 2])
        False
    """
    if type(dataset).__module__.partition(".")[0] != "datasets":
        return False
    return bool(dataset.format["type"] == "custom")
