from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lightning_synthaug.errors import ConfigError, PlanError
from lightning_synthaug.plan import Clock, Cosine, Exponential, Linear, Schedule, Sigmoid

CLOCK = Clock(total_slots=1000, epoch_slots=100, slot_of_batch=lambda batch: 10 * batch)
RAMPS = [Linear, Cosine, Sigmoid, Exponential]


def ratios(schedule: Schedule, *positions: int) -> list[float]:
    knots = schedule.compile(CLOCK)
    return [round(knots.ratio(p), 3) for p in positions]


@pytest.mark.parametrize("kind", RAMPS)
@pytest.mark.parametrize(("start", "end"), [(0.0, 0.6), (0.6, 0.0), (0.2, 0.2)])
def test_ramps_begin_and_end_where_they_say(kind: Any, start: float, end: float) -> None:
    schedule = kind(start, end, over="40%", begin="10%")
    assert ratios(schedule, 0, 100, 500, 999) == [start, start, end, end]
    middle = ratios(schedule, *range(100, 500, 10))
    assert middle == sorted(middle, reverse=end < start)


@pytest.mark.parametrize("kind", RAMPS)
def test_the_area_is_that_of_the_shape(kind: Any) -> None:
    schedule = kind(0.0, 1.0, over="100%")
    exact = np.mean([schedule._shape((i + 0.5) / 10_000) for i in range(10_000)])
    assert schedule.compile(CLOCK).integral(1000) == pytest.approx(1000 * exact, abs=0.05)


def test_shapes_differ_as_named() -> None:
    at_half = {k.__name__: k(0.0, 1.0).compile(CLOCK).ratio(500) for k in RAMPS}
    assert at_half["Linear"] == pytest.approx(0.5)
    assert at_half["Cosine"] == pytest.approx(0.5, abs=1e-3)
    assert at_half["Exponential"] < 0.1
    steep = Sigmoid(0.0, 1.0, steepness=30.0).compile(CLOCK)
    assert steep.ratio(400) < 0.1 < 0.9 < steep.ratio(600)


@pytest.mark.parametrize("kind", RAMPS)
@pytest.mark.parametrize(
    "times", [{"over": "0%"}, {"over": "0ep"}, {"begin": "100%", "over": "10%"}]
)
def test_ramps_without_length_are_refused(kind: Any, times: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=r"must end after it begins.*SA105"):
        kind(0.0, 0.5, **times)


@pytest.mark.parametrize("value", [0, -1, 101, "steep"])
def test_shape_parameters_must_be_positive(value: Any) -> None:
    with pytest.raises(ConfigError, match=r"`steepness` must be a number in \(0, 100\].*SA107"):
        Sigmoid(0.0, 1.0, steepness=value)
    with pytest.raises(ConfigError, match=r"`growth`.*SA107"):
        Exponential(0.0, 1.0, growth=value)


def test_percentages_need_an_end() -> None:
    endless = Clock(total_slots=None, epoch_slots=100, slot_of_batch=lambda batch: 10 * batch)
    assert Linear(0.0, 0.5, over="3ep").compile(endless).ratio(300) == 0.5
    with pytest.raises(PlanError, match="SA106"):
        Linear(0.0, 0.5, over="40%").compile(endless)
