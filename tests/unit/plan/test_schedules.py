from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.plan import (
    Breakpoint,
    Clock,
    Constant,
    Cosine,
    Linear,
    Piecewise,
    Schedule,
    Steps,
    as_schedule,
)

CLOCK = Clock(total_slots=1000, epoch_slots=100, slot_of_batch=lambda batch: 10 * batch)


def ratios(schedule: Schedule, *positions: int) -> list[float]:
    knots = schedule.compile(CLOCK)
    return [round(knots.ratio(p), 3) for p in positions]


def test_numbers_are_constant_schedules() -> None:
    assert as_schedule(0.3) == Constant(0.3)
    assert as_schedule(1) == Constant(1.0)
    ramp = Linear(0.0, 0.5)
    assert as_schedule(ramp) is ramp
    assert as_schedule(np.float32(0.5)) == Constant(0.5)  # type: ignore[arg-type]
    assert as_schedule(np.int64(1)) == Constant(1.0)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"got np\.int64\(3\)\. For a percentage.*0\.03\..*SA101"):
        as_schedule(np.int64(3))  # type: ignore[arg-type]
    assert ratios(Constant(0.3), 0, 10**9) == [0.3, 0.3]


@pytest.mark.parametrize(
    ("ratio", "hint"),
    [
        (30, r"For a percentage, divide by 100: 0.3\."),
        (-0.1, "Give a number"),
        (101, "Give a number"),
        (1.5, "Give a number"),
        (2, "divide by 100: 0.02"),
        (float("nan"), "Give a number"),
        (True, "Give a number"),
        ("0.3", "Give a number"),
        (None, "Give a number"),
    ],
)
def test_ratios_outside_are_refused(ratio: Any, hint: str) -> None:
    with pytest.raises(ConfigError, match=rf"`ratio` must be a ratio in \[0, 1\].*{hint}.*SA101"):
        as_schedule(ratio)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Constant(2),
        lambda: Linear(0, 50),
        lambda: Cosine(-1, 0.5),
        lambda: Steps([("0%", 40)]),
        lambda: Piecewise([("0%", 0.1), ("50%", 1.1)]),
    ],
)
def test_every_schedule_checks_its_ratios(make: Any) -> None:
    with pytest.raises(ConfigError, match="SA101"):
        make()


class Own(Schedule):
    def __init__(self, points: Any) -> None:
        self.points = points

    def breakpoints(self, clock: Clock) -> Any:
        return self.points


HALF = Breakpoint(0, 0.5, 0.5)


@pytest.mark.parametrize(
    "points",
    [
        None,
        [],
        [0.5],
        [Breakpoint(5, 0.5, 0.5)],
        [Breakpoint(0, 1.5, 1.0)],
        [Breakpoint(0, -0.5, 0.5)],
        [Breakpoint(0, 0.5, float("nan"))],
        [HALF, Breakpoint(16, 2.0, 2.0)],
        [HALF, Breakpoint(9, 0.5, 0.5), Breakpoint(3, 0.1, 0.1)],
        [HALF, HALF],
        [HALF, Breakpoint(2.5, 0.5, 0.5)],  # type: ignore[arg-type]
    ],
)
def test_a_schedule_of_somebody_elses_must_return_a_course(points: Any) -> None:
    with pytest.raises(ConfigError, match=r"`Own.breakpoints` must return .*, got .*SA101"):
        Own(points).compile(CLOCK)
    assert Own([HALF, Breakpoint(9, 1.0, 1.0)]).compile(CLOCK).ratio(9) == 1.0
