"""The rows of a finished batch, whatever tree of tensors, arrays and lists holds them: count, read and replace them."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from lightning_synthaug.data.leaves import is_image, is_namedtuple, is_number, type_name
from lightning_synthaug.data.naming import LABEL_KEYS, begins_with_sound
from lightning_synthaug.data.structure import describe, render
from lightning_synthaug.errors import DataError
from lightning_synthaug.plan.seeding import Int64Array

__all__ = ["UnfitRow", "count_rows", "cut_row", "is_column", "replaced_rows", "row_labels"]


class UnfitRow(Exception):  # noqa: N818
    """A synthetic row has other sizes than the batch; the real row stays."""


def count_rows(batch: Any, expected: int | None = None) -> int:
    """Count the rows of a finished batch.

    It is the length that most of its tensors, arrays and lists of values share, the first of equals.

    Args:
        batch: Tensors, arrays, and lists of values, dicts or tuples; nested in any way.
        expected: Rows of a full batch, where the loader tells: it counts if anything has this length.

    Returns:
        Rows, >= 0.

    Raises:
        DataError: Nothing in it has rows (SA640).

    Example:
        >>> count_rows({"image": torch.zeros(4, 3, 8, 8), "name": ["a", "b", "c", "d"], "scale": torch.ones(7)})
        4
    """
    lengths = Counter(_lengths(batch))
    if not lengths:
        raise DataError(
            "SA640",
            "A batch must hold tensors, arrays or lists with one entry for each row, got "
            f"{render(describe(batch))[:300]}. Give a loader of batches, not of samples; return such a batch from the "
            "`collate_fn`.",
        )
    most: int = lengths.most_common(1)[0][0]
    return expected if expected is not None and expected in lengths else most


def cut_row(part: Any, row: int, size: int) -> Any:
    """Read one row of a batch as the item that it once was.

    Args:
        part: The batch.
        row: Which, in [0, size).
        size: Rows of the batch.

    Returns:
        The same tree without its rows; what has no rows stays whole.

    Example:
        >>> cut_row([torch.tensor([[1, 2], [3, 4]]), ["a", "b"]], 1, 2)
        [tensor([3, 4]), 'b']
    """
    if isinstance(part, (torch.Tensor, np.ndarray)):
        return part[row] if part.ndim and len(part) == size else part
    if isinstance(part, Mapping):
        return {key: cut_row(value, row, size) for key, value in part.items()}
    if isinstance(part, (list, tuple)):
        if is_column(part) and len(part) == size:
            return part[row]
        return _like(part, [cut_row(value, row, size) for value in part])
    return part


def replaced_rows(batch: Any, made: Any, rows: Int64Array, size: int) -> Any:
    """Put collated synthetic rows in place of some of a batch. The batch itself is not changed.

    Args:
        batch: The finished batch.
        made: A batch of the synthetic rows alone, of the same structure.
        rows: Which rows to replace, in the order of `made`. Shape `(k,)`, at least one.
        size: Rows of the batch.

    Returns:
        A batch of the same structure, dtypes, shapes and devices; what has no rows is shared with the old one.

    Raises:
        UnfitRow: The synthetic rows are of other sizes.
        DataError: They are of another structure or dtype (SA641).

    Example:
        >>> batch = {"x": torch.zeros(3), "name": ["a", "b", "c"]}
        >>> replaced_rows(batch, {"x": torch.ones(1), "name": ["new"]}, np.array([2]), 3)
        {'x': tensor([0., 0., 1.]), 'name': ['a', 'b', 'new']}
    """
    return _replaced(batch, made, rows, size, "")


def row_labels(batch: Any, size: int, labels: Callable[[Any], Any] | None = None) -> Int64Array:
    """Find the label of each row: under the usual keys and names, else the second element, or the third after a rate.

    Args:
        batch: The finished batch.
        size: Its rows.
        labels: The user's own function of the batch, or None.

    Returns:
        Labels, shape `(size,)`.

    Raises:
        DataError: There is not one whole number for each row (SA642).

    Example:
        >>> row_labels([torch.zeros(2, 5), torch.tensor([7, 3])], 2).tolist()
        [7, 3]
    """
    if labels is not None:
        found = labels(batch)
    elif isinstance(batch, (list, tuple)) and is_column(batch):
        found = [_labelled(row) for row in batch]
    else:
        found = _labelled(batch)
    if isinstance(found, torch.Tensor):
        found = found.detach().cpu().numpy()
    try:
        array = np.asarray(found)
        codes = array.reshape(-1).astype(np.int64)
        fits = codes.size == size and bool((codes == array.reshape(-1)).all())
    except (TypeError, ValueError, RuntimeError):
        fits = False
    if not fits:
        raise DataError(
            "SA642",
            f"The labels of a batch must be one whole number for each of its {size} rows, got "
            f"{render(describe(found))[:200]} in {render(describe(batch))[:300]}. Pass `labels=`, a function of the "
            'batch, for example `labels=lambda batch: batch["cls"]`.',
        )
    return codes


def is_column(part: Sequence[Any]) -> bool:
    """Tell whether a list or tuple holds one entry for each row, and is no container of columns.

    Args:
        part: A list or tuple within a batch.

    Returns:
        True for plain values, for dicts, and for a list of tuples.
    """
    if not part or is_namedtuple(part):
        return False
    if all(_is_plain(v) for v in part) or all(isinstance(v, Mapping) for v in part):
        return True
    return isinstance(part, list) and all(isinstance(v, tuple) for v in part)


def _is_plain(value: Any) -> bool:
    """Tell whether a value is one sample's own and no container."""
    return value is None or isinstance(value, (str, bytes)) or is_number(value) or is_image(value)


def _lengths(part: Any) -> Iterator[int]:
    """Yield the length of each column."""
    if isinstance(part, (torch.Tensor, np.ndarray)):
        if part.ndim:
            yield len(part)
    elif isinstance(part, Mapping):
        for value in part.values():
            yield from _lengths(value)
    elif isinstance(part, (list, tuple)):
        if is_column(part):
            yield len(part)
            return
        for value in part:
            yield from _lengths(value)


def _labelled(part: Any) -> Any:
    """Take the labels out of a batch, or the label out of an item."""
    if isinstance(part, Mapping):
        return next((part[key] for key in LABEL_KEYS if key in part), None)
    if isinstance(part, (list, tuple)) and len(part) > 1:
        named = getattr(part, "_fields", ())
        usual = 2 if begins_with_sound([_first(value) for value in part]) else 1
        return part[next((named.index(key) for key in LABEL_KEYS if key in named), usual)]
    return None


def _first(value: Any) -> Any:
    """Take the first row of a column: a number where that is one; an item's own value as it is."""
    if not isinstance(value, torch.Tensor) or value.ndim == 0 or not len(value):
        return value
    return value[0].item() if value.ndim == 1 else value[0]


def _like(example: Sequence[Any], values: list[Any]) -> Any:
    """Put values into a list or tuple of the example's kind."""
    kind = type(example)
    if is_namedtuple(example):
        return kind(*values)
    return values if kind is list else kind(values)  # type: ignore[call-arg]


def _replaced(real: Any, made: Any, rows: Int64Array, size: int, where: str) -> Any:
    """Replace rows in one part of a batch."""
    if isinstance(real, (torch.Tensor, np.ndarray)):
        return _replaced_in_column(real, made, rows, size, where)
    if isinstance(real, Mapping):
        missing = [k for k in real if not isinstance(made, Mapping) or k not in made]
        if missing:
            raise _misfit(f"at batch{where}: missing {missing!r}", real, made)
        whole = copy.copy(real)
        for key, value in real.items():
            new = _replaced(value, made[key], rows, size, f"{where}[{key!r}]")
            whole[key] = new  # type: ignore[index]
        return whole
    if isinstance(real, (list, tuple)):
        if not isinstance(made, (list, tuple)):
            raise _misfit(f"at batch{where}: {type_name(made)}", real, made)
        if is_column(real) and len(real) == size and len(made) == rows.size:
            column = list(real)
            for row, value in zip(rows.tolist(), made, strict=True):
                column[row] = value
            return _like(real, column)
        if len(real) != len(made):
            raise _misfit(f"at batch{where}: {len(made)} elements", real, made)
        pairs = enumerate(zip(real, made, strict=True))
        return _like(real, [_replaced(a, b, rows, size, f"{where}[{i}]") for i, (a, b) in pairs])
    return real


def _replaced_in_column(real: Any, made: Any, rows: Int64Array, size: int, where: str) -> Any:
    """Replace rows in a tensor or an array."""
    if not real.ndim or len(real) != size:
        return real
    tensor = isinstance(real, torch.Tensor)
    if not isinstance(made, torch.Tensor if tensor else np.ndarray) or made.dtype != real.dtype:
        got = f"{type_name(made)} {getattr(made, 'dtype', '')}"
        raise _misfit(f"at batch{where}: {got} instead of {real.dtype}", real, made)
    if made.shape == real.shape and rows.size != size:
        return real  # as long as the batch by chance: it has no rows
    if made.shape != (rows.size, *real.shape[1:]):
        raise UnfitRow(
            f"{tuple(made.shape[1:])} at batch{where} instead of {tuple(real.shape[1:])}"
        )
    if isinstance(real, np.ndarray):
        array = real.copy()
        array[rows] = made
        return array
    whole = torch.empty_like(real, pin_memory=real.is_pinned()).copy_(real)
    index = torch.from_numpy(rows).to(real.device)
    return whole.index_copy_(0, index, torch.as_tensor(made, device=real.device))


def _misfit(reason: str, real: Any, made: Any) -> DataError:
    """Explain why synthetic rows cannot stand in a batch."""
    return DataError(
        "SA641",
        f"Synthetic rows must be built like the batch's own, got a difference {reason}\n"
        f"  real:      {render(describe(real))[:300]}\n"
        f"  synthetic: {render(describe(made))[:300]}\n"
        "From a synthetic dataset, return items as the real ones are before they are collated; for a generator, pass "
        "`item=`, a function that turns a record into such an item.",
    )
