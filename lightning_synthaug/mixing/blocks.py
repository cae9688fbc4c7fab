"""Planned blocks made ready to be cut into messages: samples found, transforms drawn, some thousand rows at once."""

from __future__ import annotations

from typing import NamedTuple, final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.filling import UNKNOWN
from lightning_synthaug.mixing.causes import Codes, causes
from lightning_synthaug.mixing.mixture import Mixture
from lightning_synthaug.mixing.replay import Replay
from lightning_synthaug.plan import REAL, AnyPlan, PlannedSlots
from lightning_synthaug.plan.batch import BLOCK
from lightning_synthaug.plan.seeding import Int64Array

__all__ = ["Blocks", "ReadyBlock"]

#: Slots of the first block, which the first batch waits for; each block has twice as many as the one before it.
_FIRST = 1 << 10
#: Blocks kept ready: the one in use, and one that a batch ahead may have begun.
_KEPT = 2
#: Samples that are asked of the store at once.
_AT_ONCE = 512


class ReadyBlock(NamedTuple):
    """A block of planned slots with all that its messages need.

    Attributes:
        first: Batches before its first one.
        bounds: Row of each batch's first slot, and the block's end.
        plain: For each batch, whether all its rows are real and untransformed.
        samples: Index of each row's real sample, as Python integers; empty when no batch is plain.
        planned: The slots.
        matrix: The fields of `Rows`, stacked. Shape `(8, n)`.
        served: Source that will be served for each row; real on a miss. Shape `(n,)`.
        lacks: Whether any generated sample was not there, or given up.
        short: Whether any row is not what was planned; it may be by now.
        is_generated: Whether a source's samples come from the store. Shape `(sources + 1,)`.
    """

    first: int
    bounds: list[int]
    plain: list[bool]
    samples: list[int]
    planned: PlannedSlots
    matrix: Int64Array
    served: Int64Array
    lacks: bool
    short: bool
    is_generated: npt.NDArray[np.bool_]

    def holds(self, number: int) -> bool:
        """Tell whether a batch is in this block."""
        return 0 <= number - self.first < len(self.plain)

    def span(self, number: int) -> tuple[int, int]:
        """Return the rows of a batch that is in this block."""
        i = number - self.first
        return self.bounds[i], self.bounds[i + 1]

    def codes(self, rows: slice | Int64Array) -> Codes | None:
        """Tell why rows will not be what was planned.

        Args:
            rows: Rows of the block.

        Returns:
            A code for each row; None where all will be.
        """
        if not self.short:
            return None
        mine = np.arange(rows.start, rows.stop) if isinstance(rows, slice) else rows
        planned = self.planned.where(mine)
        return causes(planned, self.served[mine], self.matrix[4, mine], self.is_generated)

    def lacking(self, rows: slice | Int64Array) -> npt.NDArray[np.bool_]:
        """Tell which rows lack a sample that may still come.

        Args:
            rows: Rows of the block.
        """
        may = self.is_generated[self.planned.source[rows]] & (self.planned.index[rows] >= 0)
        lacks: npt.NDArray[np.bool_] = may & (self.matrix[4, rows] == UNKNOWN)
        return lacks


@final
class Blocks:
    """The blocks in use.

    Args:
        mixture: Finds samples and draws transforms.
    """

    def __init__(self, mixture: Mixture) -> None:
        self._mixture = mixture
        #: What an earlier run served; None where nothing is replayed.
        self.replay: Replay | None = None
        self._ready: list[ReadyBlock] = []
        self._plan: AnyPlan | None = None

    def clear(self) -> None:
        """Forget what was found, after samples came or went."""
        self._ready.clear()

    def of(self, plan: AnyPlan, number: int) -> ReadyBlock:
        """Return the block that holds a batch.

        Args:
            plan: The plan.
            number: Batches before the batch.

        Returns:
            The block, ready.
        """
        if plan is not self._plan:
            self._plan = plan
            self.clear()
        for ready in self._ready:
            if ready.holds(number):
                return ready
        return self._keep(self._make(plan, number))

    def again(self, block: ReadyBlock, number: int, *, in_store: bool) -> ReadyBlock:
        """Look for samples that were missing from a batch on.

        Args:
            block: The block.
            number: Batches before the batch.
            in_store: Whether to ask the store for some of them; else only what is known of it by now.

        Returns:
            The block, with what was found; batches that were read from the old one keep theirs.
        """
        mixture, planned = self._mixture, block.planned
        missing = self._missing(block, block.span(number)[0], len(planned))
        if in_store:
            mixture.places(planned.where(missing[:_AT_ONCE]), look_again=True)
        places = mixture.places(planned.where(missing))
        found = places[:, 0] != UNKNOWN
        rows, places = missing[found], places[found]
        if not rows.size:
            return block
        matrix, served = block.matrix.copy(), block.served.copy()
        matrix[4:6, rows] = places.T
        served[rows] = np.where(places[:, 0] < 0, REAL, planned.source[rows])
        return self._keep(block._replace(matrix=matrix, served=served))

    def _missing(self, block: ReadyBlock, begin: int, end: int) -> Int64Array:
        """List the rows whose sample may still come."""
        part = slice(begin, end)
        lacks = block.lacking(part)
        rows: Int64Array = begin + np.flatnonzero(lacks)
        return rows

    def _keep(self, block: ReadyBlock) -> ReadyBlock:
        """Remember a block."""
        others = (r for r in self._ready if r.first != block.first)
        self._ready = [block, *others][:_KEPT]
        return block

    def _make(self, plan: AnyPlan, number: int) -> ReadyBlock:
        """Find the samples of a block and draw its transforms."""
        room = min(2 * len(self._ready[0].planned), BLOCK) if self._ready else _FIRST
        first, end = plan.block_batches(number, room)
        planned = plan.block(number, room)
        mixture = self._mixture
        slots = np.arange(planned.start, planned.start + len(planned))
        bounds = [slot - planned.start for slot in plan.bounds(first, end)]
        places = mixture.places(planned)
        if self.replay is not None:
            codes = self.replay.codes(planned, first, bounds)
            places = self.replay.places(places, codes, mixture.is_generated[planned.source])
        missed = mixture.is_generated[planned.source] & (places[:, 0] < 0)
        matrix = np.zeros((8, slots.size), np.int64)
        real = np.where(planned.source == REAL, planned.index, planned.twin)
        matrix[:4] = planned.source, planned.index, real, planned.label
        matrix[4:6] = places.T
        flags = mixture.draw.flags(planned, slots)
        if flags is not None:
            matrix[6] = mixture.draw.seeds(slots)
            matrix[7] = flags
        special = planned.is_synthetic | (matrix[7] != 0)
        plain = ~np.logical_or.reduceat(special, bounds[:-1])
        served = np.where(missed, REAL, planned.source)
        samples = planned.index.tolist() if plain.any() else []
        lacks = bool((missed & (planned.index >= 0)).any())
        told = (lacks, bool(missed.any()), mixture.is_generated)
        return ReadyBlock(first, bounds, plain.tolist(), samples, planned, matrix, served, *told)
