"""The course of a run over the batches of a user's batch sampler: pass after pass, kept over resumes and reloads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, final

from lightning_synthaug.errors import DataError
from lightning_synthaug.mixing.batchorders import BatchOrder
from lightning_synthaug.mixing.exposure import seen_text
from lightning_synthaug.mixing.mixture import Mixture
from lightning_synthaug.mixing.progress import Progress
from lightning_synthaug.mixing.rowcourse import RowClock, RowCourse
from lightning_synthaug.plan import BatchPass, BatchPlan, child_seed

__all__ = ["BatchCourse"]

#: What only batches of a fixed size have.
_FIXED = ("global_batch", "epoch_slots", "shuffle", "extra")


class _Place(NamedTuple):
    """A position between two batches.

    Attributes:
        batches: Global batches of the run before it.
        rows: Rows of the run before it, over all ranks.
        number: Passes before the present one.
        taken: Batches of the present pass before it.
    """

    batches: int
    rows: int
    number: int
    taken: int


@final
class BatchCourse(RowCourse):
    """Compile the plan of a run, and know where in which pass of the batch sampler it is.

    A pass that the training leaves before its end is not gone on with: the next epoch begins the next pass, as it
    would without this package.

    Args:
        on_mismatch: What to do where a checkpoint describes another stream: `"error"`, `"rescale"` or `"keep"`.
        tell: Tells the user a line; None: nothing is told, since another rank does.
    """

    def __init__(self, on_mismatch: str, *, tell: Callable[[str], None] | None) -> None:
        super().__init__(on_mismatch, tell=tell)
        self._order: BatchOrder | None = None
        self._begun_at: _Place | None = None
        self._current: BatchPlan | None = None
        #: The pass before, whose last batch may be trained on when the next one begins.
        self._previous: BatchPlan | None = None
        self._drawn: tuple[BatchOrder, int, BatchPass] | None = None
        #: Rows and batches of the run's first pass, by which times become positions.
        self._scale: tuple[int, int] | None = None

    def plan(
        self,
        mixture: Mixture,
        order: BatchOrder,
        *,
        start: int,
        world: int,
        length: int | None,
        progress: Progress,
    ) -> BatchPlan:
        """Plan the pass that begins, or the rest of one.

        Args:
            mixture: The recipe, applied to the dataset.
            order: The passes of the batch sampler.
            start: Global batches processed so far.
            world: Ranks that share a global batch, >= 1.
            length: Global batches in a pass as the sampler tells, or None.
            progress: The run's clock.

        Returns:
            The plan; the same object where the same pass begins again.

        Raises:
            ResumeMismatch: The checkpoint describes another stream.
            PlanError: The checkpoint's state is not what this package writes.
            DataError: The batch sampler's batches cannot be planned (SA650).
        """
        resumed, begins = bool(self._restored), not self.begun
        # Another batch sampler does not go on with a pass of the one before.
        self._anew = not (resumed or self._order is None or order.equals(self._order))
        self._order = order

        def clock() -> RowClock:
            if self._scale is None:
                first = self._draw(mixture, order, 0)
                self._scale = first.indices.size, first.ends.size
            rows, batches = self._scale
            told = length or max(1, batches // world)
            return RowClock(rows * world, progress.total(told), progress.epoch(told), batches)

        plan = self._planned(mixture, clock)
        place = self._pass_at(mixture, order, start, world, progress, resumed=resumed)
        given = self._draw(mixture, order, place.number)
        current = self._current
        same = current is not None and current.plan is plan and current.given is given
        if current is None or not same or place != self._begun_at:
            self._begun_at, self._previous = place, current
            current = BatchPlan(
                plan, given, batch=start, slot=place.rows, taken=place.taken, world=world
            )
        self._current = current
        if begins:
            self._tell(self._exposure(current, clock()))
        return current

    def _exposure(self, current: BatchPlan, clock: RowClock) -> str:
        """Say how often each real sample will be seen: until the run's end where that is known, else in this pass."""
        first, start = current.batch, current.slot(current.batch)
        end, stop = current.stop, current.slot(current.stop)
        if clock.total is not None and clock.total > end:
            end, stop = clock.total, start + clock.slot_of_batch(clock.total - first)
        made = current.knots.count(stop) - current.knots.count(start)
        return seen_text(end - first, stop - start, made, current.plan.epoch.samples)

    def _pass_at(
        self,
        mixture: Mixture,
        order: BatchOrder,
        start: int,
        world: int,
        progress: Progress,
        *,
        resumed: bool,
    ) -> _Place:
        """Find the pass to read and how much of it was taken."""
        place, current = self._begun_at, self._current
        again = not resumed and current is not None and start == current.batch
        if not resumed and current is not None and place is not None:
            inside = current.batch <= start <= current.stop
            rows, taken = current.place(start) if inside else (0, 0)
            place = place._replace(rows=rows, taken=taken) if inside else None
        place = (place or self._estimated(start, world))._replace(batches=start)
        batches = self._draw(mixture, order, place.number).ends.size
        within = progress.within(max(1, batches // world))
        over = batches - place.taken < world or not (within or again) or self._anew
        if place.taken and over:
            place = place._replace(number=place.number + 1, taken=0)
            batches = self._draw(mixture, order, place.number).ends.size
        if batches < world:
            raise DataError(
                "SA650",
                f"A batch sampler must yield at least one batch for each rank, got {batches} in pass {place.number} "
                f"for {world} ranks. Use smaller batches, or fewer ranks.",
            )
        return place

    def _estimated(self, start: int, world: int) -> _Place:
        """Guess where a run is that comes without a position: one that began without this package."""
        assert self._scale is not None
        rows, batches = self._scale
        number, rest = divmod(start, max(1, batches // world))
        return _Place(start, start * world * rows // batches, number, rest * world)

    def _draw(self, mixture: Mixture, order: BatchOrder, number: int) -> BatchPass:
        """Draw a pass, unless it is the one drawn last."""
        key = child_seed(mixture.recipe.seed, "batches")
        if self._drawn is not None:
            drawn_from, under, drawn = self._drawn
            if order.equals(drawn_from) and (under, drawn.number) == (key, number):
                return drawn
        drawn = order.of_pass(key, number)
        self._drawn = order, key, drawn
        return drawn

    def _place_at(self, done: int) -> dict[str, Any] | None:
        """Write down rows, pass and batches."""
        current, scale = self._current, self._scale
        if current is None or scale is None:
            return None
        previous = self._previous
        if done < current.batch and previous is not None and previous.batch <= done:
            current = previous
        rows, taken = current.place(min(max(done, current.batch), current.stop))
        place = {"batches": done, "rows": rows, "pass": current.given.number, "taken": taken}
        return {"batch_sampler": {**place, "pass_rows": scale[0], "pass_batches": scale[1]}}

    def _take(self, restored: Mapping[str, Any]) -> str | None:
        """Take over rows, pass and batches."""
        match restored.get("batch_sampler"):
            case {
                "batches": int(batches),
                "rows": int(rows),
                "pass": int(number),
                "taken": int(taken),
                "pass_rows": int(all_rows),
                "pass_batches": int(all_batches),
            } if min(batches, rows, number, taken) >= 0 and min(all_rows, all_batches) > 0:
                self._begun_at = _Place(batches, rows, number, taken)
                self._scale = all_rows, all_batches
                return f"row {rows}"
        return None

    def _told(self, fingerprint: dict[str, Any]) -> dict[str, Any]:
        """Put the batches in place of what only batches of a fixed size have."""
        assert self._order is not None
        kept = {k: v for k, v in fingerprint.items() if k not in _FIXED}
        return {**kept, "batches": self._order.fingerprint}
