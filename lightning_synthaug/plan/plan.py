"""The plan of a run: who sits in which slot, as a pure function of the configuration and the recorded events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import final

import numpy as np

from lightning_synthaug.plan.allocation import Balance, SourceSpec
from lightning_synthaug.plan.batch import REAL, PlannedSlots
from lightning_synthaug.plan.history import Event, RatioChange, Reshape
from lightning_synthaug.plan.knots import Knots
from lightning_synthaug.plan.labels import LabelIndex
from lightning_synthaug.plan.orders import OrderedStream, RealOrder
from lightning_synthaug.plan.passes import PassStream
from lightning_synthaug.plan.position import Epoch
from lightning_synthaug.plan.rows import check_extra, rows_with_extra, rows_within
from lightning_synthaug.plan.seeding import Int64Array, child_seed
from lightning_synthaug.plan.synthetic import Samples, SyntheticStream

__all__ = ["PLAN_VERSION", "Plan"]

#: Changes whenever the same configuration would give another stream.
PLAN_VERSION = 1

#: Slots planned at once; batches are cut from these.
_BLOCK = 16384


@final
@dataclass(frozen=True, slots=True)
class _Stage:
    """A stretch of batches with one epoch shape."""

    batch: int
    slot: int
    epoch: Epoch
    stream: PassStream | OrderedStream
    again: PassStream


@final
class Plan:
    """The composition of every batch of a run.

    Args:
        epoch: Shape of an epoch.
        knots: The compiled ratio schedule.
        sources: Synthetic sources, at least one.
        seed: Run seed: orders of real samples and of servings.
        generation_seed: Seed of what is generated: which twin belongs to which sample. Runs with different run
            seeds ask for the same samples.
        labels: Label of each real sample of the dataset, or None when unknown.
        balance: `"proportional"`, `"uniform"` or weights by label.
        shuffle: Whether real samples are shuffled.
        history: Recorded events, in order.
        order: The order of the user's own sampler; None: the plan's own, in which each pass visits each sample once.

    Attributes:
        scheduled: The compiled ratio schedule as it was given; `knots` is what recorded events made of it.

    Raises:
        PlanError: The ratio asks for more synthetic samples than the slots added to a batch can hold.

    Example:
        >>> from lightning_synthaug.plan.knots import Breakpoint
        >>> plan = Plan(Epoch(8, 4), Knots([Breakpoint(0, 0.5, 0.5)]), [SourceSpec("gan")], seed=1)
        >>> plan.batch(0).source.tolist()
        [0, 1, 0, 1]
    """

    def __init__(
        self,
        epoch: Epoch,
        knots: Knots,
        sources: Sequence[SourceSpec],
        *,
        seed: int,
        generation_seed: int = 0,
        labels: Int64Array | None = None,
        balance: Balance = "proportional",
        shuffle: bool = True,
        history: Sequence[Event] = (),
        order: RealOrder | None = None,
    ) -> None:
        self.epoch = epoch
        self.knots = self.scheduled = knots
        self.sources = tuple(sources)
        self.seed = seed
        self.generation_seed = generation_seed
        self.balance = balance
        self.shuffle = shuffle
        self.history: tuple[Event, ...] = tuple(history)
        self.order = order
        self._stages = [self._stage(0, 0, epoch)]
        for event in history:
            self._apply(event)
        check_extra(self.knots, self.epoch)
        self._real_labels = None if labels is None else np.asarray(labels, np.int64)
        if labels is not None and order is not None:
            labels = labels[order.support]
        self.labels = LabelIndex(labels) if labels is not None else None
        self._synthetic = SyntheticStream(
            self.sources,
            total=self._count(self.epoch),
            # Pools are served by the batch size that the run began with: a later one must not change the past.
            window=epoch.batch_size,
            knots=self.knots,
            labels=self.labels,
            balance=balance,
            seed=seed,
            generation_seed=generation_seed,
        )
        self._block = lru_cache(maxsize=2)(self._compute_block)

    def _count(self, epoch: Epoch) -> int:
        """Count the different real samples."""
        return epoch.samples if self.order is None else self.order.support.size

    def _stage(self, batch: int, slot: int, epoch: Epoch) -> _Stage:
        """Open a stretch of batches: the real stream begins a new pass, under a key of its own."""
        key = child_seed(self.seed, "real", batch)
        length = min(epoch.samples, epoch.real)
        stream: PassStream | OrderedStream
        if self.order is None:
            stream = PassStream(
                epoch.samples,
                length=length,
                window=epoch.batch_size,
                key=key,
                shuffle=self.shuffle,
            )
        else:
            stream = OrderedStream(self.order, length=length, key=key)
        size = self._count(epoch)
        key = child_seed(self.seed, "again", batch)
        again = PassStream(size, length=size, window=max(1, epoch.extra), key=key)
        return _Stage(batch, slot, epoch, stream, again)

    def _apply(self, event: Event) -> None:
        """Take a recorded event into account."""
        slot = self.slot(event.batch)
        if isinstance(event, RatioChange):
            self.knots = self.knots.changed(slot, event.ratio)
        elif isinstance(event, Reshape):
            self._stages.append(self._stage(event.batch, slot, event.epoch))
            self.epoch = event.epoch

    def slot(self, batch: int) -> int:
        """Return the global position of a batch's first slot.

        Args:
            batch: Batches processed before it, >= 0.

        Returns:
            Slots before the batch.
        """
        stage = self._stage_of(batch)
        return stage.slot + stage.epoch.slot(batch - stage.batch)

    def batch(self, number: int) -> PlannedSlots:
        """Plan one global batch.

        Args:
            number: Batches processed before it, >= 0; any, in any order.

        Returns:
            Its slots in order.
        """
        return self.block(number).cut(self.slot(number), self.slot(number + 1))

    def block(self, number: int) -> PlannedSlots:
        """Plan the whole batches around one that are planned at once, some thousand slots.

        Args:
            number: Batches processed before the one that must be in it, >= 0.

        Returns:
            The slots in order; cached for the blocks in use, so that neighbours cost nothing.
        """
        return self._block(*self.block_batches(number))

    def block_batches(self, number: int) -> tuple[int, int]:
        """Return which batches are planned together with one.

        Args:
            number: Batches processed before the one that must be among them, >= 0.

        Returns:
            Number of the first, and the number after the last.
        """
        stage = self._stage_of(number)
        group = max(1, _BLOCK // stage.epoch.batch_size)
        if self.order is not None:  # a user's sampler is not asked for epochs that may never come
            group = min(group, stage.epoch.batches)
        first = number - (number - stage.batch) % group
        end = first + group
        if stage is not self._stages[-1]:
            end = min(end, *(s.batch for s in self._stages if s.batch > first))
        return first, end

    def bounds(self, first: int, end: int) -> list[int]:
        """Return where batches of one block begin, and where the last one ends.

        Args:
            first: Number of the first batch.
            end: Number after the last.

        Returns:
            Global positions, `end - first + 1` of them, ascending.
        """
        stage = self._stage_of(first)
        slot, origin = stage.epoch.slot, stage.batch
        return [stage.slot + slot(b - origin) for b in range(first, end + 1)]

    def distinct(self, owner: int) -> int | None:
        """Count the different samples that a source can ever be asked for.

        Args:
            owner: The source's place, from 0.

        Returns:
            An upper bound that a long run reaches, or None where samples are replaced without end.
        """
        return self._synthetic.distinct(owner)

    def slots(self, start: int, stop: int) -> PlannedSlots:
        """Plan a stretch of slots that lies in one stretch of the history.

        Args:
            start: First global position, >= 0. Where slots are added to batches: the first of a batch.
            stop: Position after the last; likewise.

        Returns:
            The slots in order.
        """
        stage = next(s for s in reversed(self._stages) if s.slot <= start)
        epoch = stage.epoch
        if epoch.extra:
            first, end = (epoch.batches_before(g - stage.slot) for g in (start, stop))
            rows = rows_with_extra(self.knots, epoch, stage.slot, first, end)
        else:
            rows = rows_within(self.knots, stage.slot, start, stop)
        source = np.full(stop - start, REAL, np.int64)
        version = np.zeros_like(source)
        index = np.empty_like(source)
        index[rows.real] = stage.stream.take(rows.first_real, rows.first_real + rows.real.size)
        if rows.again.size:
            again = stage.again.take(rows.first_again, rows.first_again + rows.again.size)
            index[rows.again] = self._dataset_index(again)
            version[rows.again] = 1
        index[rows.synthetic] = 0
        label = np.full_like(index, -1) if self._real_labels is None else self._real_labels[index]
        twin = index
        where = rows.synthetic
        if where.size:
            twin = index.copy()
            owner = self._synthetic.shares.who(rows.number)
            source[where] = owner + 1
            index[where], label[where], twin[where], version[where] = self._samples(
                rows.number, owner
            )
        return PlannedSlots(start, source, index, label, twin, version)

    def synthetic(self, first: int, last: int) -> PlannedSlots:
        """Plan a range of synthetic samples apart from the slots they sit in.

        Args:
            first: Number of the first synthetic sample of the run, >= 0.
            last: Number after the last one.

        Returns:
            The samples in order; `start` is `first`, and no position in the stream.
        """
        number = np.arange(first, last, dtype=np.int64)
        owner = self._synthetic.shares.who(number)
        return PlannedSlots(first, owner + 1, *self._samples(number, owner))

    def _samples(self, number: Int64Array, owner: Int64Array) -> Samples:
        """Plan synthetic samples; their twins as indices into the dataset."""
        serial, label, twin, version = self._synthetic.samples(number, owner)
        return serial, label, self._dataset_index(twin), version

    def _dataset_index(self, place: Int64Array) -> Int64Array:
        """Turn places in the support of the user's sampler into indices into the dataset."""
        return place if self.order is None else self.order.support[place]

    def _compute_block(self, first: int, end: int) -> PlannedSlots:
        """Plan several whole batches at once; cached for the two in use."""
        return self.slots(self.slot(first), self.slot(end))

    def _stage_of(self, batch: int) -> _Stage:
        """Find the stretch that a batch lies in."""
        if len(self._stages) == 1:
            return self._stages[0]
        return next(s for s in reversed(self._stages) if s.batch <= batch)
