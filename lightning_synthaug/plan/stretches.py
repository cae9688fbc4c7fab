"""What is known of a run between two recorded events: the ratio, and how many samples of a kind a batch can hold."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import final

from lightning_synthaug.plan.knots import Knots
from lightning_synthaug.plan.position import Epoch

__all__ = ["Bound", "Stretch", "bounds_of", "ratio_pieces"]

#: The ratio moves by at most this much within a piece.
_RATIO_STEP = 1 / 64
#: Above the rounding errors of a moving ratio times a batch.
_TINY = 1e-6


@final
@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of a run, described as it was before anything was known of a later event.

    Args:
        slot: First slot.
        knots: The schedule, from there on.
        epoch: Shape of the epochs, from there on.
    """

    slot: int
    knots: Knots
    epoch: Epoch

    @property
    def batch(self) -> int:
        """Most slots of a batch."""
        epoch = self.epoch
        return min(epoch.batch_size, epoch.real) + epoch.extra


@final
@dataclass(frozen=True, slots=True)
class Bound:
    """How many samples of a kind a batch can hold from a slot on.

    Args:
        slot: From where on.
        stretch: Which stretch it lies in.
        real: Most real samples of a batch.
        synthetic: Most synthetic ones.
    """

    slot: int
    stretch: int
    real: int
    synthetic: int


def ratio_pieces(knots: Knots, begin: int) -> Iterator[tuple[int, int | None]]:
    """Cut the course into pieces of nearly constant ratio.

    Args:
        knots: The compiled schedule.
        begin: Slot to begin at.

    Yields:
        First slot of each piece and the slot after its last; None where it does not end.
    """
    positions = knots.positions()
    for here, following in pairwise(positions):
        if following <= begin:
            continue
        change = abs(knots.ratio(following - 1) - knots.ratio(here))
        pieces = max(1, math.ceil(change / _RATIO_STEP))
        edges = sorted({here + (following - here) * i // pieces for i in range(pieces + 1)})
        for a, b in pairwise(edges):
            if b > begin:
                yield max(a, begin), b
    yield max(positions[-1], begin), None


def bounds_of(stretches: Sequence[Stretch], length: int) -> Iterator[Bound]:
    """Bound the samples of a kind in a batch along a run. What is said of a stretch hangs on nothing after it.

    Args:
        stretches: The run.
        length: Samples in a pass of the kind; where they are many batches, one bound a stretch is enough.

    Yields:
        Bounds in order, the first from slot 0.
    """
    for i, stretch in enumerate(stretches):
        size = stretch.batch
        end = stretches[i + 1].slot if i + 1 < len(stretches) else None
        if 3 * size <= length:
            yield Bound(stretch.slot, i, size, size)
            continue
        for a, b in ratio_pieces(stretch.knots, stretch.slot):
            if end is not None and a >= end:
                break
            # A batch at the edge of a piece holds slots of its neighbour.
            first, last = max(stretch.slot, a - size), (a if b is None else b) + size
            low, high = stretch.knots.extremes(first, last)
            tiny = 0.0 if low == high else _TINY
            real = size - max(0, math.floor(size * low - tiny))
            yield Bound(a, i, real, min(size, math.ceil(size * high + tiny)))
