"""Labels of a dataset as arrays that answer the planner's questions in constant time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.errors import DataError

__all__ = ["LabelTable"]

Int64Array = npt.NDArray[np.int64]


@final
class LabelTable:
    """Hold one whole-number label per sample.

    Args:
        codes: Labels in the user's own values, one per sample of the dataset. Any integers.
        class_names: Names for messages and reports. A mapping from label to name; or a sequence, in
            which `class_names[label]` is the name when every label is an index into it, and
            otherwise one name for each label that occurs, in ascending order of the labels.

    Raises:
        DataError: `codes` are not whole numbers in one dimension (SA208), or the names do not fit
            (SA210).

    Example:
        >>> table = LabelTable([7, 3, 7, 7], class_names={3: "cat", 7: "dog"})
        >>> table.values.tolist(), table.counts.tolist()
        ([3, 7], [1, 3])
        >>> table.members(7).tolist(), table.rank.tolist()
        ([0, 2, 3], [0, 0, 1, 2])
        >>> table.name(7)
        'dog'
    """

    def __init__(
        self,
        codes: npt.ArrayLike,
        *,
        class_names: Sequence[str] | Mapping[int, str] | None = None,
    ) -> None:
        self.codes: Int64Array = _whole(np.asarray(codes))
        values, counts = np.unique(self.codes, return_counts=True)
        self.values: Int64Array = values
        self.counts: Int64Array = counts.astype(np.int64)
        self.class_names = None if class_names is None else _named(class_names, values.tolist())

    def __len__(self) -> int:
        return len(self.codes)

    def __repr__(self) -> str:
        pairs = zip(self.values.tolist()[:8], self.counts.tolist(), strict=False)
        shown = ", ".join(f"{self.name(value)}: {count}" for value, count in pairs)
        return f"LabelTable({len(self)} samples; {shown}{', ...' if len(self.values) > 8 else ''})"

    def name(self, value: int) -> str:
        """Name a label.

        Args:
            value: Label in the user's own values.

        Returns:
            Its class name, or the number as text.
        """
        return str(value) if self.class_names is None else self.class_names.get(value, str(value))

    def members(self, value: int) -> Int64Array:
        """Find the samples that carry a label.

        Args:
            value: Label in the user's own values.

        Returns:
            Indices into the dataset, ascending, shape `(count,)`.

        Raises:
            DataError: No sample carries it (SA208).
        """
        place = int(np.searchsorted(self.values, value))
        if place == len(self.values) or self.values[place] != value:
            msg = (
                f"A label must occur in the dataset, got {value!r}, which none of {len(self)} "
                f"samples carries. Choose among {self.values.tolist()[:20]}, or translate labels "
                "with `label_map=`."
            )
            raise DataError("SA208", msg)
        start = int(self._starts[place])
        return self._order[start : start + int(self.counts[place])]

    @cached_property
    def rank(self) -> Int64Array:
        """Rank of each sample among those with its label, in dataset order.

        Shape `(N,)`, values in [0, count of the label).
        """
        ranks = np.empty(len(self.codes), np.int64)
        ranks[self._order] = np.arange(len(self.codes)) - np.repeat(self._starts, self.counts)
        return ranks

    @cached_property
    def _order(self) -> Int64Array:
        """List the samples label by label, ascending within each."""
        return np.argsort(self.codes, kind="stable").astype(np.int64, copy=False)

    @cached_property
    def _starts(self) -> Int64Array:
        """Say where each label begins in that list."""
        return np.cumsum(self.counts) - self.counts


def _whole(codes: npt.NDArray[np.generic]) -> Int64Array:
    """Check that labels are whole numbers in one dimension."""
    if codes.ndim == 1 and codes.dtype.kind in "biu":
        return codes.astype(np.int64)
    msg = (
        f"Labels must be one whole number per sample, got an array of dtype {codes.dtype} and "
        f"shape {codes.shape}. Pass `labels=`, a sequence of class indices."
    )
    raise DataError("SA208", msg)


def _named(names: Sequence[str] | Mapping[int, str], values: list[int]) -> dict[int, str]:
    """Bring class names into a mapping from label to name."""
    if isinstance(names, Mapping):
        missing = [value for value in values if value not in names]
        if not missing:
            return {int(value): str(name) for value, name in names.items()}
        got = f"none for {missing[:10]}"
    elif not values or (values[0] >= 0 and values[-1] < len(names)):
        return dict(enumerate(map(str, names)))
    elif len(names) == len(values):
        return dict(zip(values, map(str, names), strict=True))
    else:
        got = f"{len(names)} names"
    msg = (
        f"`class_names` must name every label, got {got} for the labels {values[:20]}. "
        "Give one name per label in ascending order, or a mapping {label: name}."
    )
    raise DataError("SA210", msg)
