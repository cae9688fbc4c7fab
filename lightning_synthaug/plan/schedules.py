"""Ratio schedules: how the synthetic share moves during training.

Up, down and up-then-down are equal citizens. A schedule only describes; it is compiled once into integer knots when
the length of the run is known.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import pairwise
from numbers import Integral, Real
from typing import final

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.plan.knots import Breakpoint, Knots
from lightning_synthaug.plan.times import Clock

__all__ = ["Constant", "Schedule", "as_schedule", "check_ratio"]


class Schedule(ABC):
    """A ratio in [0, 1] as a function of the position in training."""

    @abstractmethod
    def breakpoints(self, clock: Clock) -> list[Breakpoint]:
        """Describe the course as breakpoints, the first at position 0.

        Args:
            clock: Lengths of the run.

        Returns:
            Ascending breakpoints; the last ratio stays.
        """

    def compile(self, clock: Clock) -> Knots:
        """Compile to integer knots.

        Args:
            clock: Lengths of the run.

        Returns:
            The integral of this schedule.

        Raises:
            ConfigError: What `breakpoints` returned is no course (SA101).
        """
        points = self.breakpoints(clock)
        if not _is_course(points):
            raise ConfigError(
                "SA101",
                f"`{type(self).__name__}.breakpoints` must return a list of Breakpoint(position, ratio, mean), "
                f"positions whole numbers that ascend from 0, ratios and means in [0, 1], got {points!r}. Correct it.",
            )
        return Knots(points)


@final
@dataclass(frozen=True)
class Constant(Schedule):
    """The same ratio throughout.

    Args:
        value: Ratio, in [0, 1].

    Example:
        >>> Constant(0.3).value
        0.3
    """

    value: float

    def __post_init__(self) -> None:
        """Check the argument."""
        check_ratio(self.value, "value")

    def breakpoints(self, clock: Clock) -> list[Breakpoint]:
        """Describe the course: one breakpoint."""
        return [Breakpoint(0, float(self.value), float(self.value))]


def as_schedule(ratio: float | Schedule, *, argument: str = "ratio") -> Schedule:
    """Accept a number or a schedule.

    Args:
        ratio: Number in [0, 1], or a schedule.
        argument: Name of the argument, for the error.

    Returns:
        A schedule.

    Raises:
        ConfigError: Neither a number in [0, 1] nor a schedule.
    """
    if isinstance(ratio, Schedule):
        return ratio
    check_ratio(ratio, argument)
    return Constant(float(ratio))


def check_ratio(value: object, argument: str) -> None:
    """Refuse what is no ratio; a value of 2 and more is most often a percentage."""
    number = float(value) if isinstance(value, Real) and not isinstance(value, bool) else math.nan
    if 0 <= number <= 1:
        return
    hint = "Give a number, or a schedule such as Linear(0.0, 0.5)."
    if 2 <= number <= 100:
        hint = f"For a percentage, divide by 100: {number / 100:g}."
    raise ConfigError("SA101", f"`{argument}` must be a ratio in [0, 1], got {value!r}. {hint}")


def _is_course(points: object) -> bool:
    """Tell whether these are breakpoints as knots take them; a schedule may be anybody's."""
    if not isinstance(points, list | tuple) or not points:
        return False
    if not all(isinstance(point, Breakpoint) for point in points):
        return False
    positions = [p.position for p in points]
    if not all(isinstance(p, Integral) and not isinstance(p, bool) for p in positions):
        return False
    if positions[0] != 0 or any(a >= b for a, b in pairwise(positions)):
        return False
    ratios = (ratio for point in points for ratio in (point.ratio, point.mean))
    return all(isinstance(ratio, Real) and 0 <= float(ratio) <= 1 for ratio in ratios)
