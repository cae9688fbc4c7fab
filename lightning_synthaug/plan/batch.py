"""A planned stretch of slots: five integer arrays, no objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.plan.seeding import Int64Array

__all__ = ["BLOCK", "REAL", "PlannedSlots"]

#: Source number of real samples; synthetic sources count from 1 in the order they were given.
REAL = 0
#: Slots that are planned at once where many follow; batches are cut from these.
BLOCK = 1 << 15


@final
@dataclass(frozen=True, slots=True, eq=False)
class PlannedSlots:
    """Who sits in consecutive slots. All arrays have shape `(n,)` and dtype int64.

    Args:
        start: Global position of the first slot.
        source: 0 for real, else the number of the synthetic source, from 1.
        index: Real: index into the user's dataset. Synthetic: serial number of the sample within its label (or within
            its source where labels are unknown); -1 where the source cannot make the label, and the slot stays real.
        label: Label asked for; -1 where labels are unknown.
        twin: Synthetic: the real sample that conditions it and stands in for it. Real: equal to `index`.
        version: Synthetic: which sample conditioned on this twin, from 0. Real: 0, or 1 where it comes on top of the
            epoch and is to be transformed.
    """

    start: int
    source: Int64Array
    index: Int64Array
    label: Int64Array
    twin: Int64Array
    version: Int64Array

    def __len__(self) -> int:
        """Return the number of slots."""
        return self.source.size

    @property
    def is_synthetic(self) -> npt.NDArray[np.bool_]:
        """Which slots are planned to be synthetic. Shape `(n,)`."""
        synthetic: npt.NDArray[np.bool_] = self.source != REAL
        return synthetic

    def where(self, rows: npt.NDArray[np.bool_] | Int64Array | slice) -> PlannedSlots:
        """Pick some slots; `start` stays that of the stretch.

        Args:
            rows: A mask, row numbers, or a part.

        Returns:
            Those slots, as copies; as views of a part.
        """
        arrays = (a[rows] for a in (self.source, self.index, self.label, self.twin, self.version))
        return PlannedSlots(self.start, *arrays)

    def cut(self, start: int, stop: int) -> PlannedSlots:
        """Return the slots from one global position up to another, as views.

        Args:
            start: First global position, within this stretch.
            stop: Position after the last.

        Returns:
            A shorter stretch.
        """
        part = slice(start - self.start, stop - self.start)
        return PlannedSlots(
            start,
            self.source[part],
            self.index[part],
            self.label[part],
            self.twin[part],
            self.version[part],
        )

    def freeze(self) -> None:
        """Make the arrays, and all later views of them, read-only."""
        for array in (self.source, self.index, self.label, self.twin, self.version):
            array.setflags(write=False)

    def matrix(self) -> Int64Array:
        """Stack the five arrays, for digests and messages. Shape `(5, n)`."""
        return np.stack([self.source, self.index, self.label, self.twin, self.version])
