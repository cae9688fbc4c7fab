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
from lightning_synthaug.plan.passes import PassStream
from lightning_synthaug.plan.position import Epoch
from lightning_synthaug.plan.seeding import Int64Array, child_seed
from lightning_synthaug.plan.synthetic import SyntheticStream

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
    real: int
    epoch: Epoch
    stream: PassStream


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
        labels: Label of each real sample, or None when unknown. Shape `(epoch.samples,)`.
        balance: `"proportional"`, `"uniform"` or weights by label.
        shuffle: Whether real samples are shuffled.
        history: Recorded events, in order.

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
    ) -> None:
        self.epoch = epoch
        self.knots = knots
        self.sources = tuple(sources)
        self.seed = seed
        self.generation_seed = generation_seed
        self.balance = balance
        self.shuffle = shuffle
        self.history: tuple[Event, ...] = tuple(history)
        self._stages = [self._stage(0, 0, 0, epoch)]
        for event in history:
            self._apply(event)
        self.labels = LabelIndex(labels) if labels is not None else None
        self._synthetic = SyntheticStream(
            self.sources,
            total=self.epoch.samples,
            # Pools are served by the batch size that the run began with: a later one must not change the past.
            window=epoch.batch_size,
            knots=self.knots,
            labels=self.labels,
            balance=balance,
            seed=seed,
            generation_seed=generation_seed,
        )
        self._block = lru_cache(maxsize=2)(self._compute_block)

    def _stage(self, batch: int, slot: int, real: int, epoch: Epoch) -> _Stage:
        """Open a stretch of batches: the real stream begins a new pass, under a key of its own."""
        stream = PassStream(
            epoch.samples,
            length=min(epoch.samples, epoch.slots),
            window=epoch.batch_size,
            key=child_seed(self.seed, "real", batch),
            shuffle=self.shuffle,
        )
        return _Stage(batch, slot, real, epoch, stream)

    def _apply(self, event: Event) -> None:
        """Take a recorded event into account."""
        slot = self.slot(event.batch)
        if isinstance(event, RatioChange):
            self.knots = self.knots.changed(slot, event.ratio)
        elif isinstance(event, Reshape):
            self._stages.append(
                self._stage(event.batch, slot, slot - self.knots.count(slot), event.epoch)
            )
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
            start: First global position, >= 0.
            stop: Position after the last.

        Returns:
            The slots in order.
        """
        stage = next(s for s in reversed(self._stages) if s.slot <= start)
        counts = self.knots.counts(start, stop)
        synthetic = counts[1:] > counts[:-1]
        where = np.flatnonzero(synthetic)
        real_before = start - int(counts[0]) - stage.real
        real = stage.stream.take(real_before, real_before + stop - start - where.size)
        source = np.full(stop - start, REAL, np.int64)
        index = np.empty_like(source)
        label = np.full_like(source, -1)
        version = np.zeros_like(source)
        others = np.flatnonzero(~synthetic)
        index[others] = real
        twin = index.copy()
        if self.labels is not None:
            label[others] = self.labels.labels[real]
        if where.size:
            number = counts[:-1][where]
            owner = self._synthetic.shares.who(number)
            source[where] = owner + 1
            index[where], label[where], twin[where], version[where] = self._synthetic.samples(
                number, owner
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
        return PlannedSlots(first, owner + 1, *self._synthetic.samples(number, owner))

    def _compute_block(self, first: int, end: int) -> PlannedSlots:
        """Plan several whole batches at once; cached for the two in use."""
        return self.slots(self.slot(first), self.slot(end))

    def _stage_of(self, batch: int) -> _Stage:
        """Find the stretch that a batch lies in."""
        if len(self._stages) == 1:
            return self._stages[0]
        return next(s for s in reversed(self._stages) if s.batch <= batch)
