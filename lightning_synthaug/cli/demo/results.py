"""From single runs to a table: means, and paired differences with their intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, stdev
from typing import Literal, NamedTuple

__all__ = [
    "MAX_SEEDS",
    "Interval",
    "Row",
    "Run",
    "Verdict",
    "compare",
    "interval",
    "paired",
    "tabulate",
]

Verdict = Literal["better", "worse", "unclear"]

#: Two-sided 95 % quantiles of Student's t with 1 to 29 degrees of freedom.
_T = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045,
)  # fmt: skip
MAX_SEEDS = len(_T) + 1
"""Most repetitions that an interval can be computed for."""


class Run(NamedTuple):
    """One training run.

    Attributes:
        size: Real training digits of each class.
        arm: Name of the arm.
        seed: Repetition.
        accuracy: Share of test digits answered right, in [0, 1].
        seconds: How long it trained.
    """

    size: int
    arm: str
    seed: int
    accuracy: float
    seconds: float


class Interval(NamedTuple):
    """A mean and its 95 % t interval.

    Attributes:
        mean: The mean.
        low: Lower end.
        high: Upper end.
    """

    mean: float
    low: float
    high: float

    @property
    def verdict(self) -> Verdict:
        """What a difference with this interval shows; an end that touches zero is not clear."""
        if self.low > 0:
            return "better"
        return "worse" if self.high < 0 else "unclear"


class Row(NamedTuple):
    """One arm at one size.

    Attributes:
        size: Real training digits of each class.
        arm: Name of the arm.
        accuracy: Mean accuracy over the seeds, in [0, 1].
        difference: Paired difference to the baseline; None for the baseline itself.
        seconds: Mean seconds of a run.
    """

    size: int
    arm: str
    accuracy: Interval
    difference: Interval | None
    seconds: float


def interval(values: Sequence[float]) -> Interval:
    """Compute a mean and its 95 % t interval.

    The interval is made for independent values. Those of the demo are so only in part: seeds draw their real digits
    from one small pool, and share the test digits and the generator. So it covers what a seed redraws, and nothing
    else.

    Args:
        values: 2 to MAX_SEEDS values, one a repetition.

    Returns:
        The interval.

    Source:
        Student, "The probable error of a mean", Biometrika 6 (1908), doi:10.2307/2331554.

    Example:
        >>> [round(x, 3) for x in interval([1.0, 2.0, 3.0])]
        [2.0, -0.484, 4.484]
    """
    mean = fmean(values)
    half = _T[len(values) - 2] * stdev(values) / math.sqrt(len(values))
    return Interval(mean, mean - half, mean + half)


def compare(runs: Sequence[Run], size: int, arm: str, other: str) -> Interval:
    """Compare two arms seed by seed.

    Args:
        runs: All runs.
        size: At this size.
        arm: Name of one arm.
        other: Name of the arm that it is held against.

    Returns:
        Mean difference of their accuracies, with its interval.
    """
    return interval(paired(runs, size, arm, other))


def paired(runs: Sequence[Run], size: int, arm: str, other: str) -> list[float]:
    """Subtract the accuracies of one arm from those of another, seed by seed.

    Args:
        runs: All runs.
        size: At this size.
        arm: Name of one arm.
        other: Name of the arm that it is held against.

    Returns:
        Difference of each seed, in ascending order of the seeds.
    """
    mine, theirs = _by_seed(runs, size, arm), _by_seed(runs, size, other)
    return [mine[seed] - theirs[seed] for seed in sorted(mine)]


def tabulate(runs: Sequence[Run], baseline: str) -> list[Row]:
    """Make the table.

    Args:
        runs: All runs: each arm with the same seeds at each size.
        baseline: Name of the arm that the others are held against.

    Returns:
        Rows by size and arm, in the order of the runs.
    """
    rows = []
    for size, arm in dict.fromkeys((run.size, run.arm) for run in sorted(runs, key=_size)):
        mine = [run for run in runs if (run.size, run.arm) == (size, arm)]
        difference = None if arm == baseline else compare(runs, size, arm, baseline)
        accuracy = interval([run.accuracy for run in mine])
        rows.append(Row(size, arm, accuracy, difference, fmean(run.seconds for run in mine)))
    return rows


def _size(run: Run) -> int:
    """Sort by size only: the order of the arms stays."""
    return run.size


def _by_seed(runs: Sequence[Run], size: int, arm: str) -> dict[int, float]:
    """Look up the accuracies of one arm at one size."""
    return {run.seed: run.accuracy for run in runs if (run.size, run.arm) == (size, arm)}
