from __future__ import annotations

from typing import Any

import pytest

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.plan import Clock, Piecewise, Schedule, Steps

CLOCK = Clock(total_slots=1000, epoch_slots=100, slot_of_batch=lambda batch: 10 * batch)


def ratios(schedule: Schedule, *positions: int) -> list[float]:
    knots = schedule.compile(CLOCK)
    return [round(knots.ratio(p), 3) for p in positions]


def test_steps_hold_and_begin_at_zero() -> None:
    schedule = Steps([("10%", 0.1), ("5ep", 0.4), ("80ba", 0.0)])
    assert ratios(schedule, 0, 99, 100, 499, 500, 799, 800) == [0, 0, 0.1, 0.1, 0.4, 0.4, 0]


def test_piecewise_goes_up_and_down() -> None:
    schedule = Piecewise([("20%", 0.0), ("40%", 0.5), ("100%", 0.2)])
    assert ratios(schedule, 0, 200, 300, 400, 700, 1000) == [0, 0, 0.25, 0.5, 0.35, 0.2]


def test_in_a_short_run_the_later_of_two_times_on_one_position_counts() -> None:
    clock = Clock(total_slots=10, epoch_slots=10, slot_of_batch=lambda batch: batch)
    assert Steps([("1%", 0.1), ("2%", 0.7)]).compile(clock).ratio(0) == pytest.approx(0.7)


@pytest.mark.parametrize("kind", [Steps, Piecewise])
def test_times_must_ascend(kind: Any) -> None:
    with pytest.raises(ConfigError, match=r"must ascend, got '40%' before '40%'.*SA105"):
        kind([("40%", 0.1), ("40%", 0.2)])
    mixed = kind([("90%", 0.1), ("2ep", 0.2)])  # units differ: known only with the run
    with pytest.raises(ConfigError, match=r"must ascend, got '90%' before '2ep'.*SA105"):
        mixed.compile(CLOCK)


@pytest.mark.parametrize(
    ("stages", "match"),
    [
        ([], "at least one"),
        ([1, 2], "pairs like"),
        ([("40%",)], "pairs like"),
        ([("40%", 0.1, 3)], "pairs like"),
    ],
)
def test_stages_must_be_pairs(stages: Any, match: str) -> None:
    with pytest.raises(ConfigError, match=rf"{match}.*SA107"):
        Steps(stages)
