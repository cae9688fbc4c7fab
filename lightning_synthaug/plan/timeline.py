"""Where batches lie: epoch shapes and ratios of a run, put together from its configuration and its recorded events."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from lightning_synthaug.errors import PlanError
from lightning_synthaug.plan.batch import BLOCK
from lightning_synthaug.plan.changes import SourceChanges
from lightning_synthaug.plan.history import Event, RatioChange, SourceChange
from lightning_synthaug.plan.knots import Knots
from lightning_synthaug.plan.position import Epoch
from lightning_synthaug.plan.rows import check_extra
from lightning_synthaug.plan.stretches import Stretch

__all__ = ["Stage", "Timeline"]


@final
@dataclass(frozen=True, slots=True)
class Stage:
    """A part of the run with one epoch shape.

    Args:
        batch: Its first batch.
        slot: Its first slot.
        stretch: Place of its first stretch.
        epoch: The shape.
    """

    batch: int
    slot: int
    stretch: int
    epoch: Epoch


@final
class Timeline:
    """Positions of a run's batches.

    Args:
        epoch: Shape of an epoch at the beginning.
        knots: The compiled ratio schedule as it was given.
        history: Recorded events, in order.
        by_epoch: Whether no more than an epoch is planned at once: a user's sampler is not asked for epochs that may
            never come.

    Attributes:
        epoch: Shape of an epoch at the end.
        knots: The schedule with what events made of it.
        stages: Parts with one epoch shape.
        stretches: Parts between two events.
        changes: What events left of the shares of sources.
        known: First batch of the present dataset: the order of one with another length cannot be told any more.

    Raises:
        PlanError: The events are not in order (SA110), or the ratio asks for more synthetic samples than the slots
            added to a batch can hold (SA118).
    """

    def __init__(
        self, epoch: Epoch, knots: Knots, history: Sequence[Event], *, by_epoch: bool = False
    ) -> None:
        self._by_epoch = by_epoch
        self.epoch = epoch
        self.knots = knots
        self.stages = [Stage(0, 0, 0, epoch)]
        self.stretches = [Stretch(0, knots, epoch)]
        self.known = 0
        last = 0
        for event in history:
            if event.batch < last:
                raise PlanError(
                    "SA110",
                    f"`history` must hold events in the order of their batches, got {event!r} after batch {last}. "
                    "Sort it.",
                )
            last = event.batch
            self._apply(event)
        self.changes = SourceChanges([e for e in history if isinstance(e, SourceChange)])
        for i, here in enumerate(self.stretches):
            following = self.stretches[i + 1 : i + 2]
            end = following[0].slot if following else max(here.slot, knots.positions()[-1]) + 1
            check_extra(here.knots, here.epoch, here.slot, end)

    def slot(self, batch: int) -> int:
        """Return the global position of a batch's first slot.

        Args:
            batch: Batches processed before it, >= 0.

        Returns:
            Slots before the batch.
        """
        stage = self.stage_of(batch)
        return stage.slot + stage.epoch.slot(batch - stage.batch)

    def bounds(self, first: int, end: int) -> list[int]:
        """Return where batches of one block begin, and where the last one ends.

        Args:
            first: Number of the first batch.
            end: Number after the last.

        Returns:
            Global positions, `end - first + 1` of them, ascending.
        """
        stage = self.stage_of(first)
        batches = np.arange(first - stage.batch, end - stage.batch + 1)
        slots = stage.slot + stage.epoch.real_slots(batches) + batches * stage.epoch.extra
        bounds: list[int] = slots.tolist()
        return bounds

    def block_batches(self, number: int, slots: int = BLOCK) -> tuple[int, int]:
        """Return which batches are planned together with one.

        Args:
            number: Batches processed before the one that must be among them, >= 0.
            slots: About how many slots they shall have, >= 1.

        Returns:
            Number of the first, and the number after the last.
        """
        stage = self.stage_of(number)
        group = max(1, slots // stage.epoch.batch_size)
        if self._by_epoch:
            group = min(group, stage.epoch.batches)
        first = number - (number - stage.batch) % group
        return first, min([first + group, *(s.batch for s in self.stages if s.batch > first)])

    def stage_of(self, batch: int) -> Stage:
        """Find the stage that a batch lies in.

        Args:
            batch: Batches processed before it, >= 0.

        Returns:
            The stage.
        """
        if len(self.stages) == 1:
            return self.stages[0]
        return next(s for s in reversed(self.stages) if s.batch <= batch)

    def place_of(self, slot: int) -> int:
        """Find the place of the stage that a slot lies in.

        Args:
            slot: Global position, >= 0.

        Returns:
            Its place in `stages`.
        """
        return bisect_right([s.slot for s in self.stages], slot) - 1

    def stretches_of(self, place: int) -> list[Stretch]:
        """Return the stretches of a stage.

        Args:
            place: Place of the stage.

        Returns:
            At least one.
        """
        following = self.stages[place + 1 : place + 2]
        end = following[0].stretch if following else None
        return self.stretches[self.stages[place].stretch : end]

    def _apply(self, event: Event) -> None:
        """Take a recorded event into account."""
        if isinstance(event, SourceChange):
            return  # it moves neither a slot nor the ratio
        slot = self.slot(event.batch)
        if isinstance(event, RatioChange):
            self.knots = self.knots.changed(slot, event.ratio)
        else:
            if event.epoch.samples != self.epoch.samples:
                self.known = event.batch
            self.stages.append(Stage(event.batch, slot, len(self.stretches), event.epoch))
            self.epoch = event.epoch
        self.stretches.append(Stretch(slot, self.knots, self.epoch))
