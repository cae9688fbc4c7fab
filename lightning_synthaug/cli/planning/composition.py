"""A plan without data: counts of any step and of the whole run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, final

import numpy as np

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.plan import (
    Breakpoint,
    Clock,
    Epoch,
    Plan,
    PlannedSlots,
    Schedule,
    ShareTable,
    SourceSpec,
    integer_weights,
    rank_rows,
)

__all__ = ["COUNTED_SLOTS", "MOST_ROWS", "Preview", "StepView", "Tenth"]

#: Distinct samples are counted by walking through the run; above this many slots that takes too long.
COUNTED_SLOTS = 1 << 22
#: Most rows of a run, and most of whatever is counted: sums of such numbers stay within 64 bits.
MOST_ROWS = 10**15
_WALK = 1 << 16


@final
@dataclass(frozen=True, slots=True)
class Tenth:
    """The make-up of a tenth of the run.

    Attributes:
        first: Its first step.
        last: Its last step.
        slots: Rows of all its batches.
        ratio: Ratio at its beginning and just before its end.
        synthetic: Synthetic rows of each source, by name.
    """

    first: int
    last: int
    slots: int
    ratio: tuple[float, float]
    synthetic: dict[str, int]

    @property
    def share(self) -> float:
        """Synthetic rows over all rows, in [0, 1]."""
        return sum(self.synthetic.values()) / self.slots


@final
@dataclass(frozen=True, slots=True, eq=False)
class StepView:
    """The make-up of one global batch.

    Attributes:
        step: Batches before it.
        epoch: Epochs before it.
        batch: Batches of its epoch before it.
        planned: The rows of the global batch.
        ratio: Ratio at its first row.
        counts: For each rank the rows of each source, real ones first. Shape `(world, sources + 1)`.
    """

    step: int
    epoch: int
    batch: int
    planned: PlannedSlots
    ratio: float
    counts: np.ndarray


@final
class Preview:
    """What a run will hold, without data and without training.

    Args:
        samples: Real samples in the dataset, >= 1.
        schedule: The ratio.
        batch_size: Batch size of one rank's loader, >= 1.
        world: Ranks, >= 1.
        epochs: Epochs of the run, >= 1; None when `batches` is given.
        batches: Batches of the run, >= 1; None when `epochs` is given.
        drop_last: Whether a short last batch is left out.
        weights: Weights of several sources by name; None for one source called "synthetic".
        pool: Distinct samples kept for each source, >= 1; None: as many as there are real samples.
        reuse: Servings after which a sample is replaced, >= 1; None: never.
        seed: Run seed.

    Attributes:
        unreached: Row at which the schedule changes for the last time, where the run has ended by then; else None.

    Raises:
        ConfigError: A number or the run's length lies outside its range (SA805), or a weight does (SA102).

    Example:
        >>> from lightning_synthaug.plan import Constant
        >>> run = Preview(10, Constant(0.5), batch_size=4, epochs=2)
        >>> run.batches, run.step(1).counts.tolist()
        (6, [[2, 2]])
    """

    def __init__(
        self,
        samples: int,
        schedule: Schedule,
        *,
        batch_size: int,
        world: int = 1,
        epochs: int | None = None,
        batches: int | None = None,
        drop_last: bool = False,
        weights: Mapping[str, float] | None = None,
        pool: int | None = None,
        reuse: int | None = None,
        seed: int = 0,
    ) -> None:
        given = {
            "--samples": samples, "--batch-size": batch_size, "--world": world, "--epochs": epochs,
            "--batches": batches, "--pool": pool, "--reuse": reuse,
        }  # fmt: skip
        for option, value in given.items():
            if value is not None and not 1 <= value <= MOST_ROWS:
                raise _out_of_range(option, value)
        self.schedule = schedule
        self.epoch = Epoch(samples, batch_size * world, world, drop_last)
        self.batches = batches or (epochs or 1) * self.epoch.batches
        if self.epoch.slot(self.batches) > MOST_ROWS:
            raise _out_of_range("rows of the run", self.epoch.slot(self.batches))
        named = dict(weights) if weights else {"synthetic": 1.0}
        self.names = list(named)
        whole = integer_weights(named, known=self.names, argument="--weights")
        clock = Clock(self.epoch.slot(self.batches), self.epoch.slots, self.epoch.slot)
        sources = [SourceSpec(n, w, pool, reuse) for n, w in zip(self.names, whole, strict=True)]
        self.plan = Plan(self.epoch, schedule.compile(clock), sources, seed=seed)
        self.unreached = self._unreached(schedule.breakpoints(clock))
        self._shares = ShareTable(whole)

    def _unreached(self, points: Sequence[Breakpoint]) -> int | None:
        """Find the last row at which the schedule still changes, if the run has ended by then."""
        return max(
            (p.position for p in points if p.position > self.plan.slot(self.batches)), default=None
        )

    def step(self, number: int) -> StepView:
        """Compose one global batch.

        Args:
            number: Batches before it, in [0, batches).

        Returns:
            Its make-up.

        Raises:
            ConfigError: The run has no such step (SA805).
        """
        if not 0 <= number < self.batches:
            raise ConfigError(
                "SA805",
                f"`--step` must lie in [0, {self.batches - 1}], got {number}: steps count from 0, and "
                f"this run has {self.batches:,}. Choose another step, or a longer run.",
            )
        planned = self.plan.batch(number)
        width = len(self.names) + 1
        counts = [
            np.bincount(planned.where(rows).source, minlength=width)
            for rows in (self.rows(planned, rank) for rank in range(self.epoch.world))
        ]
        epoch, batch = divmod(number, self.epoch.batches)
        ratio = self.plan.knots.ratio(planned.start)
        return StepView(number, epoch, batch, planned, ratio, np.stack(counts))

    def rows(self, planned: PlannedSlots, rank: int) -> Any:
        """Find the rows of a global batch that a rank owns.

        Args:
            planned: The rows of the global batch.
            rank: The rank, in [0, world).

        Returns:
            Row numbers in the global batch, ascending.

        Raises:
            ConfigError: There is no such rank (SA805).
        """
        if not 0 <= rank < self.epoch.world:
            raise ConfigError(
                "SA805",
                f"`--rank` must lie in [0, {self.epoch.world - 1}], got {rank}. Choose another rank, or "
                "raise --world.",
            )
        return rank_rows(planned.is_synthetic, rank, self.epoch.world)

    def tenths(self) -> list[Tenth]:
        """Compose the run by tenths.

        Returns:
            At most ten parts, in order; one a batch where there are fewer batches than that.
        """
        edges = sorted({self.batches * i // 10 for i in range(11)})
        return [self._part(a, b) for a, b in pairwise(edges)]

    def total(self) -> Tenth:
        """Compose the whole run as one part.

        Returns:
            Its make-up.
        """
        return self._part(0, self.batches)

    @cached_property
    def distinct(self) -> dict[str, int] | None:
        """Distinct samples that the run asks each source for; None above COUNTED_SLOTS slots."""
        if self.plan.slot(self.batches) > COUNTED_SLOTS:
            return None
        seen: dict[str, set[int]] = {name: set() for name in self.names}
        for planned in self._walk():
            for number, name in enumerate(self.names, start=1):
                seen[name].update(planned.index[planned.source == number].tolist())
        return {name: len(samples) for name, samples in seen.items()}

    def _part(self, first: int, end: int) -> Tenth:
        """Compose the steps from `first` up to `end`."""
        knots, start, stop = self.plan.knots, self.plan.slot(first), self.plan.slot(end)
        counts = self._shares.counts(knots.count(stop)) - self._shares.counts(knots.count(start))
        ratio = (knots.ratio(start), knots.ratio(stop - 1))
        named = dict(zip(self.names, counts.tolist(), strict=True))
        return Tenth(first, end - 1, stop - start, ratio, named)

    def _walk(self) -> Iterator[PlannedSlots]:
        """Go through the whole run in stretches."""
        stop = self.plan.slot(self.batches)
        for start in range(0, stop, _WALK):
            yield self.plan.slots(start, min(stop, start + _WALK))


def _out_of_range(what: str, got: int) -> ConfigError:
    """Make the error for a number that is too small or too large."""
    repair = "Raise it." if got < 1 else "Lower it."
    return ConfigError(
        "SA805", f"`{what}` must be at least 1 and at most {MOST_ROWS:,}, got {got:,}. {repair}"
    )
