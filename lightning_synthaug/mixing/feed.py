"""The feed of a loader that batches by size: its batches are the plan's."""

from __future__ import annotations

from typing import Any, final

from lightning_synthaug.mixing.accounts import RowsOf
from lightning_synthaug.mixing.course import Course
from lightning_synthaug.mixing.indexedfeed import IndexedFeed
from lightning_synthaug.mixing.mixture import Mixture
from lightning_synthaug.mixing.progress import Progress
from lightning_synthaug.plan import (
    REAL,
    AnyPlan,
    Epoch,
    Plan,
    PlannedSlots,
    RealOrder,
    SourceChange,
    rank_rows,
)

__all__ = ["Feed"]


@final
class Feed(IndexedFeed):
    """Deliver batches that the plan makes.

    Args:
        mixture: Sources, adapters and the store.
        epoch: Shape of an epoch; its batch is the global one.
        rank: This rank, in [0, epoch.world).
        leader: Whether this process fills the cache for its node.
        shuffle: Whether real samples are shuffled.
        progress: The run's clock.
        course: The course of the run, which outlives this loader.
        order: The order of the user's own sampler; None: the plan's own.
    """

    def __init__(
        self,
        mixture: Mixture,
        epoch: Epoch,
        *,
        rank: int,
        leader: bool,
        shuffle: bool,
        progress: Progress,
        course: Course,
        order: RealOrder | None = None,
    ) -> None:
        super().__init__(mixture, rank=rank, world=epoch.world, leader=leader, progress=progress)
        self.epoch = epoch
        self.shuffle = shuffle
        self.course = course
        self.order = order
        #: Batches of an epoch that the loader tells a framework of.
        self.length = epoch.batches
        self.batch_size = (epoch.batch_size + epoch.extra) // epoch.world
        self.drop_last = epoch.drop_last

    def serves(self, dataset: Any, epoch: Epoch, order: RealOrder | None) -> bool:
        """Tell whether a loader that was made anew is the same as before.

        Args:
            dataset: The user's dataset.
            epoch: Shape of an epoch.
            order: The order of the user's own sampler, or None.

        Returns:
            True when this feed fits it.
        """
        same = self.order is order or (
            self.order is not None and order is not None and self.order.equals(order)
        )
        return self.mixture.dataset is dataset and self.epoch == epoch and same

    def told_length(self) -> int:
        """Return the batches of an epoch that the loader tells a framework of."""
        return self.length

    def ends(self) -> int | None:
        """Return the batches of the whole run; None where no end is known."""
        return self.progress.total(self.epoch.batches)

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint must hold besides the clock."""
        return self.course.state()

    def _open(self) -> tuple[Plan, int, int]:
        """Read the clock and plan a pass."""
        start = self._first()
        plan = self.course.plan(
            self.mixture,
            self.epoch,
            start=start,
            total_batches=self.progress.total(self.epoch.batches),
            shuffle=self.shuffle,
            order=self.order,
        )
        return plan, start, start + self.progress.coming(self.epoch.batches)

    def _record(self, event: SourceChange) -> None:
        """Take an event into the course of the run."""
        self.course.record(event)

    def _rows(
        self, plan: AnyPlan, number: int, block: PlannedSlots, begin: int, end: int
    ) -> RowsOf:
        """Deal a batch out among the ranks."""
        del plan, number
        if self.world == 1:
            return slice(begin, end)
        rows: RowsOf = begin + rank_rows(block.source[begin:end] != REAL, self.rank, self.world)
        return rows
