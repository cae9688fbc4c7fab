from __future__ import annotations

import json

import numpy as np
import pytest

from lightning_synthaug.plan import Breakpoint, Knots


def ramp(length: int = 1000) -> Knots:
    return Knots([Breakpoint(0, 0.0, 0.25), Breakpoint(length, 0.5, 0.5)])


def test_counts_are_the_floor_of_the_integral() -> None:
    knots = ramp()
    counts = knots.counts(0, 3000)
    assert counts.tolist() == [knots.count(p) for p in range(3001)]
    assert knots.integral(1000) == 250
    assert knots.count(3000) == 250 + 1000


@pytest.mark.parametrize("start", [0, 1, 997, 2**40])
def test_counts_do_not_depend_on_where_they_begin(start: int) -> None:
    knots = ramp()
    assert knots.counts(start, start + 50).tolist() == [knots.count(start + i) for i in range(51)]


def test_the_awkward_ratios_of_floating_point_are_exact() -> None:
    for ratio in (0.29, 0.57, 0.58):
        knots = Knots([Breakpoint(0, ratio, ratio)])
        for position in (100, 10**6, 10**12):
            assert abs(knots.count(position) - ratio * position) < 1 + position * 2**-32


def test_long_stretches_are_counted_piece_by_piece() -> None:
    knots = ramp(5_000_000)
    counts = knots.counts(0, 3_000_000)
    assert set(np.diff(counts).tolist()) == {0, 1}
    assert counts[-1] == knots.count(3_000_000)


def test_a_change_leaves_the_past_alone() -> None:
    knots, later = ramp(), ramp().changed(600, 0.9)
    assert later.counts(0, 600).tolist() == knots.counts(0, 600).tolist()
    assert later.ratio(599) == knots.ratio(599)
    assert later.ratio(600) == pytest.approx(0.9)
    assert later.count(700) - later.count(600) == pytest.approx(90, abs=1)


def test_keys_tell_schedules_apart() -> None:
    assert ramp().key() == ramp().key() != ramp(999).key()
    assert ramp().signature() == ramp().signature() != ramp(999).signature()


def test_the_ratio_stays_within_bounds_whatever_the_mean() -> None:
    steep = Knots([Breakpoint(0, 1.0, 0.0), Breakpoint(10, 0.0, 0.0)])
    assert all(0 <= steep.ratio(p) <= 1 for p in range(20))


def test_keys_survive_a_checkpoint() -> None:
    for knots in (ramp(), ramp(3), Knots([Breakpoint(0, 0.3, 0.3)])):
        plain = json.loads(json.dumps(knots.key()))
        again = Knots.of_key(plain)
        assert again is not None
        assert again.key() == knots.key()
        assert again.counts(0, 2000).tolist() == knots.counts(0, 2000).tolist()


@pytest.mark.parametrize(
    "key",
    [
        None,
        "knots",
        [],
        [[0, 0, 5, 0]],
        [[0, 0, 5, 0, 1, 1]],
        [[0, 0, 0.5, 0, 1]],
        [[1, 0, 5, 0, 1]],
        [[0, 7, 5, 0, 1]],
        [[0, 0, -1, 0, 1]],
        [[0, 0, 2**32 + 1, 0, 1]],
        [[0, 0, 5, 0, 0]],
        [[0, 0, 2**32, 2**31, 1]],
        [[0, 0, 5, 0, 10], [11, 50, 5, 0, 1]],
        [[0, 0, 5, 0, 10], [10, 51, 5, 0, 1]],
        [[0, 0, 5, 0, 10], [10, 50]],
    ],
)
def test_other_keys_are_refused(key: object) -> None:
    assert Knots.of_key(key) is None


def test_extremes_are_those_of_each_slot() -> None:
    up_and_down = Knots(
        [Breakpoint(0, 0.1, 0.3), Breakpoint(10, 0.5, 0.25), Breakpoint(20, 0.0, 0.0)]
    )
    for start in range(25):
        for stop in range(start + 1, 27):
            ratios = [up_and_down.ratio(p) for p in range(start, stop)]
            assert up_and_down.extremes(start, stop) == (min(ratios), max(ratios))
    assert up_and_down.positions() == [0, 10, 20]
