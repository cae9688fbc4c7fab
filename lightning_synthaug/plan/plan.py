"""The plan of a run: who sits in which slot, as a pure function of the configuration and the recorded events."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, final

import numpy as np

from lightning_synthaug.errors import ConfigError, PlanError
from lightning_synthaug.plan.allocation import Balance, SourceSpec
from lightning_synthaug.plan.batch import BLOCK, REAL, PlannedSlots
from lightning_synthaug.plan.history import Event
from lightning_synthaug.plan.knots import Knots
from lightning_synthaug.plan.labels import LabelIndex
from lightning_synthaug.plan.orders import RealOrder
from lightning_synthaug.plan.position import Epoch
from lightning_synthaug.plan.real import RealStreams, real_streams
from lightning_synthaug.plan.rows import rows_with_extra, rows_within
from lightning_synthaug.plan.seeding import Int64Array
from lightning_synthaug.plan.synthetic import Samples, SyntheticStream
from lightning_synthaug.plan.timeline import Timeline

__all__ = ["PLAN_VERSION", "Plan"]

#: Changes whenever the same configuration would give another stream.
PLAN_VERSION = 1


@final
class Plan:
    """The composition of every batch of a run.

    Args:
        epoch: Shape of an epoch.
        knots: The compiled ratio schedule.
        sources: Synthetic sources, at least one.
        seed: Run seed: orders of real samples and of servings.
        generation_seed: Seed of what is generated: which twin belongs to which sample, whatever the run seed.
        labels: Label of each real sample of the dataset, or None when unknown.
        balance: `"proportional"`, `"uniform"` or weights by label.
        shuffle: Whether real samples are shuffled.
        history: Recorded events, in order.
        order: The order of the user's own sampler; None: the plan's own, in which each pass visits each sample once.

    Attributes:
        scheduled: The compiled ratio schedule as it was given; `knots` is what recorded events made of it.
        changes: What recorded events left of the shares of sources.

    Raises:
        PlanError: The ratio asks for more synthetic samples than the slots added to a batch can hold (SA118), or the
            events are not in order (SA110).
        ConfigError: There is not one label for each real sample (SA112).

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
        options: dict[str, Any] = {
            "seed": seed,
            "generation_seed": generation_seed,
            "labels": labels,
        }
        options |= {"balance": balance, "shuffle": shuffle, "history": history, "order": order}
        self._arguments = ((epoch, knots, sources), options)
        self._time = Timeline(epoch, knots, history, by_epoch=order is not None)
        self.epoch, self.knots = self._time.epoch, self._time.knots
        self.scheduled = knots
        self.changes = self._time.changes
        self.sources = tuple(sources)
        self.seed = seed
        self.generation_seed = generation_seed
        self.balance = balance
        self.shuffle = shuffle
        self.history: tuple[Event, ...] = tuple(history)
        self.order = order
        self._real_labels = None if labels is None else np.asarray(labels, np.int64)
        if order is not None:
            labels = None if labels is None else labels[order.support]
        elif labels is not None and labels.size != self.epoch.samples:
            raise ConfigError(
                "SA112",
                f"`labels` must be one for each real sample, got {labels.size} for {self.epoch.samples} samples. Pass "
                "the labels of the dataset, in its order.",
            )
        self.labels = LabelIndex(labels) if labels is not None else None
        self._synthetic = SyntheticStream(
            self.sources,
            total=self.epoch.samples if order is None else order.support.size,
            stretches=self._time.stretches,
            labels=self.labels,
            balance=balance,
            seed=seed,
            generation_seed=generation_seed,
        )
        self._streams = lru_cache(maxsize=2)(self._open_streams)
        self._block = lru_cache(maxsize=2)(self._compute_block)

    def __getstate__(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Pickle the arguments; what was computed from them is computed again."""
        return self._arguments

    def __setstate__(self, state: tuple[tuple[Any, ...], dict[str, Any]]) -> None:
        """Make the plan again."""
        Plan.__init__(self, *state[0], **state[1])

    def _open_streams(self, place: int) -> RealStreams:
        """Open the real streams of a stage."""
        return real_streams(
            self._time.stretches_of(place),
            self.knots,
            seed=self.seed,
            batch=self._time.stages[place].batch,
            shuffle=self.shuffle,
            order=self.order,
        )

    def slot(self, batch: int) -> int:
        """Return the global position of a batch's first slot.

        Args:
            batch: Batches processed before it, >= 0.

        Returns:
            Slots before the batch.
        """
        return self._time.slot(batch)

    def batch(self, number: int) -> PlannedSlots:
        """Plan one global batch.

        Args:
            number: Batches processed before it, >= 0; any, in any order.

        Returns:
            Its slots in order.
        """
        return self.block(number).cut(self.slot(number), self.slot(number + 1))

    def block(self, number: int, slots: int = BLOCK) -> PlannedSlots:
        """Plan the whole batches around one that are planned at once.

        Args:
            number: Batches processed before the one that must be in it, >= 0.
            slots: About how many slots they shall have, >= 1.

        Returns:
            The slots in order; cached for the blocks in use, so that neighbours cost nothing.
        """
        return self._block(*self.block_batches(number, slots))

    def block_batches(self, number: int, slots: int = BLOCK) -> tuple[int, int]:
        """Return which batches are planned together with one.

        Args:
            number: Batches processed before the one that must be among them, >= 0.
            slots: About how many slots they shall have, >= 1.

        Returns:
            Number of the first, and the number after the last.
        """
        return self._time.block_batches(number, slots)

    def bounds(self, first: int, end: int) -> list[int]:
        """Return where batches of one block begin, and where the last one ends.

        Args:
            first: Number of the first batch.
            end: Number after the last.

        Returns:
            Global positions, `end - first + 1` of them, ascending.
        """
        return self._time.bounds(first, end)

    def distinct(self, owner: int) -> int | None:
        """Count the different samples that a source can ever be asked for.

        Args:
            owner: The source's place, from 0.

        Returns:
            An upper bound that a long run reaches, or None where samples are replaced without end.
        """
        return self._synthetic.distinct(owner)

    def everything(self, owner: int) -> PlannedSlots:
        """Plan each of the samples that `distinct` counts, once and in no order that matters, with no positions."""
        index, label, twin, version = self._synthetic.everything(owner)
        source, twin = np.full_like(index, owner + 1), self._dataset_index(twin)
        return PlannedSlots(0, source, index, label, twin, version)

    def slots(self, start: int, stop: int) -> PlannedSlots:
        """Plan a stretch of slots that lies in one stretch of the history.

        Args:
            start: First global position, >= 0. Where slots are added to batches: the first of a batch.
            stop: Position after the last; likewise.

        Returns:
            The slots in order.

        Raises:
            PlanError: They lie before the dataset had another length (SA119): its order is not known any more, only
                positions and counts are.
        """
        place = self._time.place_of(start)
        stage = self._time.stages[place]
        if stage.batch < self._time.known:
            raise self._forgotten(f"the slots from {start} on")
        epoch = stage.epoch
        own, again = self._streams(place)
        if epoch.extra:
            first, end = (epoch.batches_before(g - stage.slot) for g in (start, stop))
            rows = rows_with_extra(self.knots, epoch, stage.slot, first, end)
        else:
            rows = rows_within(self.knots, stage.slot, start, stop)
        source = np.full(stop - start, REAL, np.int64)
        version = np.zeros_like(source)
        index = np.empty_like(source)
        index[rows.real] = own.take(rows.first_real, rows.first_real + rows.real.size)
        if rows.again.size:
            places = again.take(rows.first_again, rows.first_again + rows.again.size)
            index[rows.again] = self._dataset_index(places)
            version[rows.again] = 1
        where = rows.synthetic
        if self._real_labels is None:
            label = np.full_like(index, -1)
        else:
            index[where] = 0
            label = self._real_labels[index]
        twin = index
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
        if first < self.knots.count(self.slot(self._time.known)):
            raise self._forgotten(f"the synthetic samples from {first} on")
        number = np.arange(first, last, dtype=np.int64)
        owner = self._synthetic.shares.who(number)
        return PlannedSlots(first, owner + 1, *self._samples(number, owner))

    def _forgotten(self, what: str) -> PlanError:
        """Say that what came before a change of the dataset's length cannot be planned any more."""
        return PlanError(
            "SA119",
            f"A plan must be asked for batches of the present dataset, got {what}; the dataset has "
            f"{self.epoch.samples} samples since batch {self._time.known}, and had others before. Plan from that "
            "batch on; for what came before, make the plan without the last events.",
        )

    def _samples(self, number: Int64Array, owner: Int64Array) -> Samples:
        """Plan synthetic samples; their twins as indices into the dataset."""
        serial, label, twin, version = self._synthetic.samples(number, owner)
        shares = self._synthetic.shares
        serial = self.changes.apply(serial, number=number, owner=owner, shares=shares)
        return serial, label, self._dataset_index(twin), version

    def _dataset_index(self, place: Int64Array) -> Int64Array:
        """Turn places in the support of the user's sampler into indices into the dataset."""
        return place if self.order is None else self.order.support[place]

    def _compute_block(self, first: int, end: int) -> PlannedSlots:
        """Plan several whole batches at once; cached for the two in use, and so not to be written to."""
        planned = self.slots(self.slot(first), self.slot(end))
        planned.freeze()
        return planned
