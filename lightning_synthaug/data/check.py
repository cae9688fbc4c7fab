"""Make sure that synthetic items can stand in a batch beside the dataset's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np

from lightning_synthaug.data.adapters import DatasetAdapter
from lightning_synthaug.data.labels import label_of, stored_labels
from lightning_synthaug.data.leaves import is_number
from lightning_synthaug.data.structure import (
    describe,
    differences,
    generalise,
    render,
    unsized,
)
from lightning_synthaug.errors import DataError

__all__ = ["check_compatible", "check_labels", "describe", "examples"]

_EXAMPLES: Final = 8  # enough to tell which dimensions vary


def check_compatible(real_items: Sequence[Any], synthetic_item: Any, *, sizes: bool = True) -> None:
    """Refuse a synthetic item that is built differently from the dataset's own items.

    Structure, dtype, rank and those dimensions in which all real items agree must be the same;
    where the real items differ among themselves nothing is demanded. With a single real item every
    dimension counts, so pass several.

    Args:
        real_items: Items of the user's dataset, at least one; four or more tell which dimensions
            vary.
        synthetic_item: Item to compare.
        sizes: Whether dimensions count. A collate function of the user's own may take boxes of any number.

    Raises:
        DataError: They differ; the message shows both on aligned lines, and the places (SA205).
            Also when there is no real item to compare with (SA201).

    Example:
        >>> check_compatible([([1.0], 3), ([2.0], 4)], ([0.5], 9))
        >>> check_compatible([(1.0, 3)], 1.0)
        Traceback (most recent call last):
        ...
        lightning_synthaug.errors.DataError: Synthetic items must be built like the dataset's own,
        got a difference:
          real:      (float, int)
          synthetic: float
          at item:   tuple against float
        From a synthetic dataset, return such items (for example `int(label)`); for a generator,
        resize with your dataset's transform or `transform=`, or pass `item=`. [SA205]
    """
    if not real_items:
        msg = (
            "At least one real item is needed to compare with, got 0. Check that the dataset is "
            "not empty."
        )
        raise DataError("SA201", msg)
    expected = generalise([describe(item) for item in real_items])
    expected = expected if sizes else unsized(expected)
    got = describe(synthetic_item)
    found = list(differences(expected, got))
    if not found:
        return
    lines = [("real", render(expected)), ("synthetic", render(got))]
    lines += [(f"at item{where}", reason) for where, reason in found]
    width = max(len(name) for name, _ in lines) + 1
    table = "\n".join(f"  {name + ':':<{width}} {text}" for name, text in lines)
    msg = (
        f"Synthetic items must be built like the dataset's own, got a difference:\n{table}\nFrom "
        "a synthetic dataset, return such items (for example `int(label)`); for a generator, resize "
        "with your dataset's transform or `transform=`, or pass `item=`."
    )
    raise DataError("SA205", msg)


def examples(adapter: DatasetAdapter, more: Iterable[int] = ()) -> dict[int, Any]:
    """Read a few real items from all over a dataset.

    Those that cannot be read are left out: the user's sampler may leave them out, too.

    Args:
        adapter: Reads the items.
        more: Indices of others that are wanted.

    Returns:
        Items by index, ascending.

    Raises:
        Exception: What the dataset raised, where none of them can be read.
    """
    spread = np.linspace(0, len(adapter) - 1, _EXAMPLES).astype(np.int64).tolist()
    read: dict[int, Any] = {}
    failed: Exception | None = None
    for index in sorted({*more, *spread}):
        try:
            read[index] = adapter.real(index)
        except Exception as error:
            failed = error
    if failed is not None and not read:
        raise failed
    return read


def check_labels(adapter: DatasetAdapter, labels: Any, indices: Iterable[int]) -> None:
    """Refuse labels kept apart from the samples that are others than the samples' own.

    A `.targets` that counts from 1 beside items that count from 0 would put wrong labels on every
    synthetic row. Where samples carry no number as label there is nothing to compare.

    Args:
        adapter: Reads the samples.
        labels: What the user passed as `labels=`; None for what the dataset keeps.
        indices: Samples to compare.

    Raises:
        DataError: A label differs from its sample's (SA208).
    """
    known = stored_labels(adapter.dataset) if labels is None else labels
    if known is None:
        return
    for index in indices:
        try:
            own = adapter.record(index).get("label")
        except DataError:  # raw samples of this dataset cannot be read
            return
        told = label_of(known(index) if callable(known) else known[index], index)
        # A number with a fraction is what is regressed, and labels beside it are for balance.
        if is_number(own) and not isinstance(own, float) and own != told:
            where = "the dataset's `.targets` or `.labels`" if labels is None else "`labels=`"
            msg = (
                "Labels kept apart must be those of the samples, got a difference at sample "
                f"{index}:\n  {where}: {told}\n  sample: {own!r}\n"
                "Synthetic rows would get wrong labels. Correct the one that is wrong, or pass the "
                "samples' own with `labels=`, a sequence or a function of the index."
            )
            raise DataError("SA208", msg)
