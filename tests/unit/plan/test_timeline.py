from __future__ import annotations

import pytest

from lightning_synthaug.errors import PlanError
from lightning_synthaug.plan import Breakpoint, Epoch, Knots, RatioChange, Reshape
from lightning_synthaug.plan.timeline import Timeline

HALF = Knots([Breakpoint(0, 0.5, 0.5)])
WIDER, LONGER = Epoch(45, 15), Epoch(60, 15)


def timeline() -> Timeline:
    return Timeline(
        Epoch(45, 8), HALF, [RatioChange(2, 0.0), Reshape(6, WIDER), Reshape(9, LONGER)]
    )


def test_positions_go_on_through_events() -> None:
    time = timeline()
    assert [time.slot(n) for n in (0, 5, 6, 8, 9, 10)] == [0, 40, 45, 75, 90, 105]
    assert time.bounds(6, 9) == [45, 60, 75, 90]
    assert [s.slot for s in time.stretches] == [0, 16, 45, 90]
    assert [time.place_of(g) for g in (0, 44, 45, 89, 90, 1000)] == [0, 0, 1, 1, 2, 2]
    assert [s.slot for s in time.stretches_of(0)] == [0, 16]
    assert [s.slot for s in time.stretches_of(2)] == [90]
    assert (time.epoch, time.known) == (LONGER, 9)


def test_blocks_do_not_reach_over_a_change_of_shape() -> None:
    time = timeline()
    assert time.block_batches(3) == (0, 6)
    assert time.block_batches(7) == (6, 9)
    first, end = time.block_batches(5000)
    assert first <= 5000 < end
    assert (first - 9) % (end - first) == 0


def test_the_ratio_is_that_of_the_events() -> None:
    time = timeline()
    assert time.knots.ratio(15) == pytest.approx(0.5)
    assert time.knots.ratio(16) == 0
    assert [s.knots.ratio(16) for s in time.stretches] == [pytest.approx(0.5), 0, 0, 0]


def test_events_must_be_in_order() -> None:
    with pytest.raises(PlanError, match=r"`history` must hold events in the order.*SA110"):
        Timeline(Epoch(45, 8), HALF, [RatioChange(6, 0.1), RatioChange(5, 0.1)])
