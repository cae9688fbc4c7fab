"""Schedules made of points: steps, and straight lines between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import final

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.plan.knots import Breakpoint
from lightning_synthaug.plan.schedules import Schedule, check_ratio
from lightning_synthaug.plan.times import Clock, parse_time

__all__ = ["Piecewise", "Steps"]


@final
@dataclass(frozen=True)
class Steps(Schedule):
    """Constant stages, each from a time on.

    Args:
        stages: Pairs of (time, ratio), in order; before the first time the ratio is 0.

    Example:
        >>> Steps([("0%", 0.1), ("50%", 0.4), ("4000ba", 0.0)]).stages[1]
        ('50%', 0.4)
    """

    stages: Sequence[tuple[str, float]]

    def __post_init__(self) -> None:
        """Check the arguments."""
        _check_stages(self.stages, "stages")

    def breakpoints(self, clock: Clock) -> list[Breakpoint]:
        """Describe the course: one constant piece a stage."""
        points = _resolve(self.stages, clock, self)
        course = [Breakpoint(slot, ratio, ratio) for slot, ratio in points]
        return course if points[0][0] == 0 else [Breakpoint(0, 0.0, 0.0), *course]


@final
@dataclass(frozen=True)
class Piecewise(Schedule):
    """Straight lines between points: up, down, up then down.

    Args:
        points: Pairs of (time, ratio), in order; constant before the first and after the last.

    Example:
        >>> Piecewise([("0%", 0.0), ("40%", 0.5), ("100%", 0.1)]).points[-1]
        ('100%', 0.1)
    """

    points: Sequence[tuple[str, float]]

    def __post_init__(self) -> None:
        """Check the arguments."""
        _check_stages(self.points, "points")

    def breakpoints(self, clock: Clock) -> list[Breakpoint]:
        """Describe the course: one quadratic integral a line."""
        points = _resolve(self.points, clock, self)
        slot, ratio = points[0]
        course = [Breakpoint(0, ratio, ratio)] if slot else []
        for (slot, ratio), (_, following) in pairwise(points):
            course.append(Breakpoint(slot, ratio, (ratio + following) / 2))
        slot, ratio = points[-1]
        return [*course, Breakpoint(slot, ratio, ratio)]


def _check_stages(stages: Sequence[tuple[str, float]], argument: str) -> None:
    """Check times and ratios as far as they can be without the length of the run."""
    if not stages:
        raise ConfigError(
            "SA107", f"`{argument}` must hold at least one (time, ratio), got {stages!r}. Add one."
        )
    times = []
    for stage in stages:
        if not isinstance(stage, (tuple, list)) or len(stage) != 2:
            raise ConfigError(
                "SA107",
                f'`{argument}` must hold pairs like ("40%", 0.5), got {stage!r}. Give both.',
            )
        times.append(parse_time(stage[0], argument=argument))
        check_ratio(stage[1], argument)
    for earlier, later in pairwise(times):
        if earlier.unit == later.unit and later.value <= earlier.value:
            _raise_unordered(str(earlier), str(later), stages)


def _resolve(
    stages: Sequence[tuple[str, float]], clock: Clock, schedule: Schedule
) -> list[tuple[int, float]]:
    """Convert the times to positions; those that fall on one position in a short run: the later one counts."""
    slots = [
        (parse_time(time, argument="time").slot(clock), float(ratio)) for time, ratio in stages
    ]
    for i, ((earlier, _), (later, _)) in enumerate(pairwise(slots)):
        if later < earlier:
            _raise_unordered(stages[i][0], stages[i + 1][0], schedule)
    last = dict(slots)
    return sorted(last.items())


def _raise_unordered(earlier: str, later: str, where: object) -> None:
    """Raise the error for times out of order."""
    raise ConfigError(
        "SA105",
        f"The times of a schedule must ascend, got {earlier!r} before {later!r} in {where!r}. "
        "Sort them, and mind that units differ in length.",
    )
