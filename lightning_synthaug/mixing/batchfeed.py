"""The feed of a loader whose batches a batch sampler of the user's own makes."""

from __future__ import annotations

from typing import Any, final

from lightning_synthaug.mixing.accounts import RowsOf
from lightning_synthaug.mixing.batchcourse import BatchCourse
from lightning_synthaug.mixing.batchorders import BatchOrder
from lightning_synthaug.mixing.indexedfeed import IndexedFeed
from lightning_synthaug.mixing.mixture import Mixture
from lightning_synthaug.mixing.progress import Progress
from lightning_synthaug.plan import AnyPlan, BatchPlan, PlannedSlots, SourceChange

__all__ = ["BatchFeed"]


@final
class BatchFeed(IndexedFeed):
    """Deliver the batches of a batch sampler, some rows of which are synthetic.

    Args:
        mixture: Sources, adapters and the store.
        order: The batches.
        rank: This rank, in [0, world).
        world: Ranks that share a global batch: one of these batches each.
        leader: Whether this process fills the cache for its node.
        progress: The run's clock.
        course: The course of the run, which outlives this loader.
    """

    fits = True

    def __init__(
        self,
        mixture: Mixture,
        order: BatchOrder,
        *,
        rank: int,
        world: int,
        leader: bool,
        progress: Progress,
        course: BatchCourse,
    ) -> None:
        super().__init__(mixture, rank=rank, world=world, leader=leader, progress=progress)
        self.order = order
        self.course = course

    def serves(self, dataset: Any, order: BatchOrder) -> bool:
        """Tell whether a loader that was made anew is the same as before.

        Args:
            dataset: The user's dataset.
            order: Its batches.

        Returns:
            True when this feed fits it.
        """
        return self.mixture.dataset is dataset and self.order.equals(order)

    def told_length(self) -> int | None:
        """Return the batches of a pass as the batch sampler tells; None where it does not."""
        told = self.order.told
        return None if told is None else told // self.world

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint must hold besides the clock."""
        return self.course.state(self.progress.done())

    def _open(self) -> tuple[BatchPlan, int, int]:
        """Read the clock and plan a pass, or the rest of one."""
        start = self._first()
        plan = self.course.plan(
            self.mixture,
            self.order,
            start=start,
            world=self.world,
            length=self.told_length(),
            progress=self.progress,
        )
        taken = plan.place(start)[1] // self.world
        rest = plan.stop - start
        whole = self.progress.epoch(taken + rest)
        # Lightning before 2.5 counts a batch too few of an epoch that is gone on with; what was taken is known here.
        left = rest if whole is None or whole <= taken else whole - taken
        return plan, start, start + min(rest, left, self.progress.coming(taken + rest))

    def _record(self, event: SourceChange) -> None:
        """Take an event into the course of the run."""
        self.course.record(event)

    def _rows(
        self, plan: AnyPlan, number: int, block: PlannedSlots, begin: int, end: int
    ) -> RowsOf:
        """Take this rank's own batch."""
        del block, end
        assert isinstance(plan, BatchPlan)
        first, last = plan.share(number, self.rank)
        return slice(begin + first, begin + last)
