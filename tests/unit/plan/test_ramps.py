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


EXTREME: list[tuple[Any, dict[str, float]]] = [
    (Linear, {}),
    (Cosine, {}),
    (Sigmoid, {}),
    (Sigmoid, {"steepness": 100.0}),
    (Exponential, {}),
    (Exponential, {"growth": 100.0}),
    (Exponential, {"growth": 0.01}),
]


@pytest.mark.parametrize(("kind", "options"), EXTREME)
@pytest.mark.parametrize(("start", "end"), [(0.0, 1.0), (1.0, 0.0), (0.2, 0.7)])
@pytest.mark.parametrize("length", [50, 1000, 100_000, 10**9])
def test_the_integral_follows_the_formula(
    kind: Any, options: dict[str, float], start: float, end: float, length: int
) -> None:
    clock = Clock(total_slots=length, epoch_slots=length, slot_of_batch=lambda batch: batch)
    schedule = kind(start, end, over="100%", **options)
    knots = schedule.compile(clock)
    for share in np.linspace(0.0, 1.0, 41):
        position = round(share * length)
        exact = formula_area(kind.__name__, position / length, **options)
        expected = (start * (position / length) + (end - start) * exact) * length
        assert knots.integral(position) == pytest.approx(expected, abs=0.01, rel=1e-9)
    assert len(knots.key()) < 20_000


def formula_area(name: str, t: float, steepness: float = 10.0, growth: float = 5.0) -> float:
    """Integrate the formulas of the documentation numerically, by 64-point Gauss-Legendre on 40 pieces."""
    nodes, weights = np.polynomial.legendre.leggauss(64)
    x = (np.arange(40)[:, None] + (nodes + 1) / 2) * t / 40
    if name == "Linear":
        shape = x
    elif name == "Cosine":
        shape = (1 - np.cos(np.pi * x)) / 2
    elif name == "Exponential":
        shape = np.expm1(growth * x) / np.expm1(growth)
    else:
        low, high = (1 / (1 + np.exp(-steepness * u)) for u in (-0.5, 0.5))
        shape = (1 / (1 + np.exp(-steepness * (x - 0.5))) - low) / (high - low)
    return float((shape * weights / 2).sum() * t / 40)


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


def test_a_ramp_that_ends_after_the_run_is_refused() -> None:
    match = r'must end within the run, got begin=\'90%\', over=\'50%\'.*at most over="10%".*SA105'
    with pytest.raises(ConfigError, match=match):
        Linear(0.0, 0.5, begin="90%", over="50%")
    assert ratios(Linear(0.0, 0.5, begin="90%", over="10%"), 899, 999) == [0.0, 0.495]


def test_numpys_numbers_are_taken() -> None:
    schedule = Exponential(np.float32(0.25), np.int64(1), growth=np.float64(2.0))
    assert ratios(schedule, 0, 1000) == [0.25, 1.0]


@pytest.mark.parametrize(("begin", "first"), [("0ba", 0), ("2ba", 20), ("1ep", 25), ("10%", 25)])
def test_batches_are_counted_from_the_beginning_of_the_ramp(begin: str, first: int) -> None:
    slots = [0, 10, 20, 25, 35, 45, 50, 60, 70, 75]  # short last batches
    clock = Clock(total_slots=250, epoch_slots=25, slot_of_batch=lambda n: n // 3 * 25 + n % 3 * 10)
    knots = Linear(0.0, 1.0, over="3ba", begin=begin).compile(clock)
    end = slots[slots.index(first) + 3]
    assert (knots.ratio(first), knots.ratio(end)) == (0, 1)
    assert 0 < knots.ratio(first + 1) < knots.ratio(end - 1) < 1
