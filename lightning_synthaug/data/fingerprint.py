"""Recognise a dataset again without reading it."""

from __future__ import annotations

import hashlib
from pathlib import PurePath
from typing import Any

import numpy as np

from lightning_synthaug.data.kinds import is_concat, is_subset, is_tensors
from lightning_synthaug.data.labels import stored_labels
from lightning_synthaug.data.leaves import is_tensor, to_array, type_name
from lightning_synthaug.errors import DataError

__all__ = ["fingerprint"]

_ROWS = 16
_PERSON = b"synthaug-data"


def fingerprint(dataset: Any) -> str:
    """Digest what is cheap to know about a dataset.

    Counted in: the class, the length, all labels that are kept apart from the samples, the bytes of
    up to 16 samples spread over arrays held in memory (`.tensors`, `.data`), the last two parts of
    up to 16 paths in `.samples`, and for `Subset` and `ConcatDataset` the indices and the
    fingerprints below. Not counted in: transforms, files and everything else that would have to be
    opened; so two datasets of one class and length whose samples all come from files and that keep
    no labels look alike.

    Args:
        dataset: Map-style dataset; no sample is read through it.

    Returns:
        32 hex digits, the same on every machine.

    Example:
        >>> fingerprint([1, 2]) == fingerprint([1, 2])
        True
        >>> fingerprint([1, 2]) == fingerprint([1, 2, 3])
        False
    """
    return _digest(dataset).hexdigest()


def _digest(dataset: Any) -> hashlib.blake2b:
    """Digest one dataset and those below it."""
    state = hashlib.blake2b(digest_size=16, person=_PERSON)
    _add(state, "class", type_name(dataset).encode())
    _add(state, "length", str(len(dataset)).encode())
    if is_subset(dataset):
        _add(state, "indices", np.asarray(dataset.indices, "<i8").tobytes())
        _add(state, "below", _digest(dataset.dataset).digest())
        return state
    if is_concat(dataset):
        for part in dataset.datasets:
            _add(state, "part", _digest(part).digest())
        return state
    codes = stored_labels(dataset)
    if codes is not None:
        _add(state, "labels", codes.astype("<i8").tobytes())
    for values in dataset.tensors if is_tensors(dataset) else (getattr(dataset, "data", None),):
        _add_rows(state, values)
    _add_paths(state, getattr(dataset, "samples", None))
    return state


def _add(state: hashlib.blake2b, label: str, content: bytes) -> None:
    """Count labelled bytes in, so that no two parts can be confused."""
    state.update(f"{label}:{len(content)}:".encode())
    state.update(content)


def _spread(size: int) -> list[int]:
    """Choose up to 16 places, evenly spaced, the first and the last among them."""
    return (
        sorted({round(place * (size - 1) / (_ROWS - 1)) for place in range(_ROWS)}) if size else []
    )


def _add_rows(state: hashlib.blake2b, values: Any) -> None:
    """Count a few rows of an array or tensor in."""
    # A memory map is an array too, but touching it may read from a slow disk: 16 rows at most.
    if not (is_tensor(values) or isinstance(values, np.ndarray)) or not values.shape:
        return
    _add(
        state, "array", f"{str(values.dtype).removeprefix('torch.')} {tuple(values.shape)}".encode()
    )
    for row in _spread(len(values)):
        try:
            array = np.ascontiguousarray(to_array(values[row : row + 1]))
        except DataError:  # a tensor that numpy cannot hold: dtype and shape must do
            return
        if array.dtype.kind in "biufc":
            _add(state, "row", array.astype(array.dtype.newbyteorder("<")).tobytes())


def _add_paths(state: hashlib.blake2b, samples: Any) -> None:
    """Count a few file names in, with their folder, which is the class in an image folder."""
    if not isinstance(samples, list | tuple):
        return
    for place in _spread(len(samples)):
        sample = samples[place]
        if isinstance(sample, tuple | list) and sample and isinstance(sample[0], str | PurePath):
            _add(
                state,
                "path",
                "/".join(PurePath(sample[0]).parts[-2:]).encode("utf-8", "surrogateescape"),
            )
