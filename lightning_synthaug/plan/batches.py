"""A plan over batches that somebody else made: each synthetic sample takes the place of a known real one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TypeAlias, final

import numpy as np

from lightning_synthaug.plan.allocation import SourceSpec
from lightning_synthaug.plan.batch import BLOCK, REAL, PlannedSlots
from lightning_synthaug.plan.history import Event
from lightning_synthaug.plan.knots import Knots
from lightning_synthaug.plan.labels import LabelIndex
from lightning_synthaug.plan.plan import Plan
from lightning_synthaug.plan.pools import lives
from lightning_synthaug.plan.rows import rows_within
from lightning_synthaug.plan.seeding import Int64Array
from lightning_synthaug.plan.sources import ShareTable

__all__ = ["AnyPlan", "BatchPass", "BatchPlan"]


@final
@dataclass(frozen=True, slots=True, eq=False)
class BatchPass:
    """One pass of a batch sampler.

    Args:
        number: Passes before it, >= 0.
        indices: The samples of its batches, one after the other: indices into the dataset. Shape `(n,)`.
        ends: Where each batch ends in `indices`, strictly ascending. Shape `(batches,)`.
    """

    number: int
    indices: Int64Array
    ends: Int64Array


@final
class BatchPlan:
    """The composition of the batches of one pass, as they are or as ranks share them.

    Which slots are synthetic, and whose they are, is the plan's, by position in rows; a global batch is one batch for
    each rank, laid out rank after rank, and one that lacks batches is left out. The sample that a synthetic one
    displaces is its twin and stands in for it: no other is known to fit the batch. So the sample of a pool follows from
    the displaced one and the pass, not from a count of servings; the items of synthetic datasets come in passes.

    Args:
        plan: Schedule, sources and labels; its epochs are not looked at.
        given: The pass.
        batch: Global batches of the run before the first one planned here.
        slot: Rows of the run before it.
        taken: Batches of the pass that were taken before, >= 0.
        world: Ranks that share a global batch, >= 1.

    Attributes:
        given: The pass.
        batch: Number of the first global batch.
        stop: Number after the last one.
        knots: The compiled ratio schedule.

    Example:
        >>> from lightning_synthaug.plan import Breakpoint, Epoch
        >>> plan = Plan(Epoch(6, 6), Knots([Breakpoint(0, 0.5, 0.5)]), [SourceSpec("gan")], seed=1)
        >>> given = BatchPass(0, np.array([5, 3, 1, 0, 2]), np.array([2, 5]))
        >>> planned = BatchPlan(plan, given, batch=0, slot=0).block(0)
        >>> planned.source.tolist(), planned.twin.tolist()
        ([0, 1, 0, 1, 0], [5, 3, 1, 0, 2])
    """

    def __init__(
        self,
        plan: Plan,
        given: BatchPass,
        *,
        batch: int,
        slot: int,
        taken: int = 0,
        world: int = 1,
    ) -> None:
        self.plan = plan
        self.given = given
        self.batch = batch
        self.knots: Knots = plan.knots
        self._taken, self._world = taken, world
        count = max(0, given.ends.size - taken) // world
        self.stop = batch + count
        edges = np.concatenate([np.zeros(1, np.int64), given.ends])
        self._edges = edges[taken : taken + count * world + 1]
        # From a place in the pass to a position in the run.
        self._shift = slot - int(self._edges[0])
        self._cuts = self._edges[::world] + self._shift
        self._shares = ShareTable([s.weight for s in plan.sources])
        self._block = lru_cache(maxsize=2)(self._compute_block)

    def place(self, number: int) -> tuple[int, int]:
        """Tell where a batch begins.

        Args:
            number: Global batches before it, in [batch, stop].

        Returns:
            Rows of the run before it, and batches of the pass.
        """
        return self.slot(number), self._taken + (number - self.batch) * self._world

    def slot(self, number: int) -> int:
        """Return the global position of a batch's first slot.

        Args:
            number: Global batches before it, in [batch, stop].

        Returns:
            Slots before the batch.
        """
        return int(self._cuts[number - self.batch])

    def bounds(self, first: int, end: int) -> list[int]:
        """Return where global batches begin, and where the last one ends.

        Args:
            first: Number of the first batch.
            end: Number after the last.

        Returns:
            Global positions, `end - first + 1` of them, ascending.
        """
        bounds: list[int] = self._cuts[first - self.batch : end - self.batch + 1].tolist()
        return bounds

    def share(self, number: int, rank: int) -> tuple[int, int]:
        """Return which rows of a global batch are a rank's own batch.

        Args:
            number: Global batches before it, in [batch, stop).
            rank: The rank, in [0, world).

        Returns:
            Its first row within the global batch, and the row after its last.
        """
        place = (number - self.batch) * self._world
        begin = int(self._edges[place])
        return (
            int(self._edges[place + rank]) - begin,
            int(self._edges[place + rank + 1]) - begin,
        )

    def block_batches(self, number: int, slots: int = BLOCK) -> tuple[int, int]:
        """Return which batches are planned together with one.

        Args:
            number: Global batches before the one that must be among them, in [batch, stop).
            slots: About how many slots they shall have, >= 1.

        Returns:
            Number of the first, and the number after the last.
        """
        chunk = (self.slot(number) - int(self._cuts[0])) // slots
        edges = int(self._cuts[0]) + np.array([chunk, chunk + 1]) * slots
        first, end = np.searchsorted(self._cuts[:-1], edges).tolist()
        return self.batch + first, self.batch + end

    def block(self, number: int, slots: int = BLOCK) -> PlannedSlots:
        """Plan the whole batches around one that are planned at once.

        Args:
            number: Global batches before the one that must be in it, in [batch, stop).
            slots: About how many slots they shall have, >= 1.

        Returns:
            The slots in order; cached for the blocks in use, so that neighbours cost nothing.
        """
        return self._block(*self.block_batches(number, slots))

    def slots(self, start: int, stop: int) -> PlannedSlots:
        """Plan a stretch of slots.

        Args:
            start: First global position.
            stop: Position after the last.

        Returns:
            The slots in order.
        """
        twin = self.given.indices[start - self._shift : stop - self._shift].copy()
        rows = rows_within(self.knots, 0, start, stop)
        source = np.full(twin.size, REAL, np.int64)
        index, version = twin.copy(), np.zeros(twin.size, np.int64)
        label = np.full_like(twin, -1) if self._labels is None else self._labels.labels[twin]
        where = rows.synthetic
        if where.size:
            made = self._samples(rows.number, twin[where])
            source[where], index[where], label[where] = made.source, made.index, made.label
            version[where] = made.version
        return PlannedSlots(start, source, index, label, twin, version)

    def synthetic(self, first: int, last: int) -> PlannedSlots:
        """Plan a range of synthetic samples of this pass apart from the slots they sit in.

        Args:
            first: Number of the first one in the run.
            last: Number after the last one.

        Returns:
            The samples in order; `start` is `first`, and no position in the stream.
        """
        before = self.knots.count(int(self._cuts[0]))
        return self._samples(
            np.arange(first, last), self._displaced[first - before : last - before]
        )

    def distinct(self, owner: int) -> int | None:
        """Say nothing about how many different samples a source can be asked for; see `Plan.distinct`."""
        del owner
        return None

    @property
    def history(self) -> Sequence[Event]:
        """Recorded events, in order."""
        return self.plan.history

    @property
    def sources(self) -> Sequence[SourceSpec]:
        """The synthetic sources, in order."""
        return self.plan.sources

    @property
    def _labels(self) -> LabelIndex | None:
        """Labels of the real samples, where they are known."""
        return self.plan.labels

    @cached_property
    def _displaced(self) -> Int64Array:
        """The samples that synthetic ones displace in this pass, in order."""
        start, stop = int(self._cuts[0]), int(self._cuts[-1])
        rows = rows_within(self.knots, 0, start, stop).synthetic
        displaced: Int64Array = self.given.indices[rows + start - self._shift]
        return displaced

    def _samples(self, number: Int64Array, twin: Int64Array) -> PlannedSlots:
        """Plan consecutive synthetic samples in the place of given real ones."""
        owner = self._shares.who(number)
        rank = self._shares.rank(number)
        label = np.full_like(twin, -1) if self._labels is None else self._labels.labels[twin]
        index, version = np.zeros_like(twin), np.zeros_like(twin)
        if number.size and any(s.items is not None for s in self.sources):
            items = self.plan.synthetic(int(number[0]), int(number[-1]) + 1)
            index, label = items.index, np.where(items.label < 0, label, items.label)
        for j, source in enumerate(self.sources):
            mine = np.flatnonzero(owner == j)
            if mine.size and source.items is None:
                label[mine] = -1 if self._labels is None else self._labels.labels[twin[mine]]
                index[mine], version[mine] = self._of_pool(source, twin[mine], rank[mine])
        index = self.plan.changes.apply(index, number=number, owner=owner, shares=self._shares)
        first = int(number[0]) if number.size else 0
        return PlannedSlots(first, owner + 1, index, label, twin, version)

    def _of_pool(
        self, source: SourceSpec, twin: Int64Array, rank: Int64Array
    ) -> tuple[Int64Array, Int64Array]:
        """Find the samples of a generator's pool that belong to real ones in this pass: serial and version.

        Within a label, pass after pass goes on through the label's part of the pool, in the order of the real samples.
        A twin has its own part, one sample of each at least.
        """
        total, passes = self.plan.epoch.samples, self.given.number
        pool = source.pool or total
        labels = self._labels
        if labels is None:
            serial, size = twin + passes * total, np.full_like(twin, pool)
        else:
            place = np.searchsorted(labels.values, labels.labels[twin])
            ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(labels.counts)]) * pool // total
            size = np.maximum(1, np.diff(ends))[place]
            serial = labels.rank[twin] + passes * labels.counts[place]
        index = serial % size
        versions = np.maximum(1, pool // total + (twin < pool % total))
        version = passes % versions
        if source.reuse is not None:
            version = version + versions * lives(rank, twin + version, pool, source.reuse)
            index = index + size * lives(rank, index, pool, source.reuse)
        if labels is not None and source.labels is not None:
            index[~np.isin(labels.labels[twin], list(source.labels))] = -1
        return index, version

    def _compute_block(self, first: int, end: int) -> PlannedSlots:
        """Plan several whole batches at once; cached, and so not to be written to."""
        planned = self.slots(self.slot(first), self.slot(end))
        planned.freeze()
        return planned


AnyPlan: TypeAlias = Plan | BatchPlan
