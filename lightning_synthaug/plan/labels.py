"""Labels of the real samples, arranged for constant-time questions."""

from __future__ import annotations

from typing import final

import numpy as np

from lightning_synthaug.plan.seeding import Int64Array, sorted_runs

__all__ = ["LabelIndex"]


@final
class LabelIndex:
    """Which samples carry which label.

    Args:
        labels: Label of each real sample. Shape `(n,)`, any integers.

    Attributes:
        labels: The same array.
        values: The labels that occur, ascending. Shape `(labels,)`.
        counts: Samples of each, >= 1. Shape `(labels,)`.
        rank: How many samples of the same label stand before each. Shape `(n,)`.

    Example:
        >>> index = LabelIndex(np.array([7, 3, 7]))
        >>> index.values.tolist(), index.counts.tolist()
        ([3, 7], [1, 2])
    """

    def __init__(self, labels: Int64Array) -> None:
        self.labels = np.ascontiguousarray(labels, dtype=np.int64)
        self._members, self._first, self.counts = sorted_runs(self.labels)
        self.values: Int64Array = self.labels[self._members[self._first]]
        self._place = np.empty_like(self.labels)
        self._place[self._members] = np.repeat(np.arange(self.counts.size), self.counts)
        self.rank = np.empty_like(self.labels)
        self.rank[self._members] = np.arange(labels.size) - np.repeat(self._first, self.counts)

    def member(self, place: Int64Array, rank: Int64Array) -> Int64Array:
        """Return the rank-th sample of each label.

        Args:
            place: Positions of labels in `values`. Shape `(n,)`.
            rank: Rank within the label, in [0, counts). Shape `(n,)`.

        Returns:
            Sample indices, shape `(n,)`.
        """
        members: Int64Array = self._members[self._first[place] + rank]
        return members

    def serial(self, sample: Int64Array, passes: Int64Array) -> Int64Array:
        """Number the samples of each label through over several passes of the data.

        Args:
            sample: Sample indices. Shape `(n,)`.
            passes: Which pass each belongs to, >= 0. Shape `(n,)`.

        Returns:
            Serial numbers within the label, shape `(n,)`; no two (sample, pass) of a label share one.
        """
        serials: Int64Array = passes * self.counts[self._place[sample]] + self.rank[sample]
        return serials

    def namesake(self, label: Int64Array, rank: Int64Array, *, otherwise: Int64Array) -> Int64Array:
        """Return a sample of each label, in turn.

        Args:
            label: Labels, known ones or others. Shape `(n,)`.
            rank: Which of a label's samples, counted round and round, >= 0. Shape `(n,)`.
            otherwise: What to return for labels that do not occur. Shape `(n,)`.

        Returns:
            Sample indices, shape `(n,)`.
        """
        place = np.minimum(np.searchsorted(self.values, label), self.values.size - 1)
        member = self.member(place, rank % self.counts[place])
        return np.where(self.values[place] == label, member, otherwise)
