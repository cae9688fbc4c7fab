from __future__ import annotations

import numpy as np
import pytest

from lightning_synthaug.plan import Breakpoint, Epoch, Knots, ShareTable
from lightning_synthaug.plan.balance import LabelStages, level_shares, uniform_stages
from lightning_synthaug.plan.stretches import Stretch

ALL = np.array([True, True, True])


def uniform(histogram: list[float], *stretches: tuple[int, Knots]) -> LabelStages:
    run = [Stretch(slot, knots, Epoch(100, 10)) for slot, knots in stretches]
    makeable = np.ones(len(histogram), bool)
    return uniform_stages(run, np.array(histogram), makeable, ShareTable([1]), 0)


def test_stages_count_each_label_through() -> None:
    stages = LabelStages([0, 8], [[3, 1], [1, 3]])
    label, rank = stages.assign(np.arange(16))
    assert np.bincount(label[:8]).tolist() == [6, 2]
    assert np.bincount(label[8:]).tolist() == [2, 6]
    for value in (0, 1):
        assert rank[label == value].tolist() == list(range(8))
    later = stages.assign(np.arange(5, 12))
    assert [a.tolist() for a in later] == [label[5:12].tolist(), rank[5:12].tolist()]
    assert stages.assign(np.empty(0, np.int64))[0].size == 0
    assert [stages.counts(n).tolist() for n in (0, 8, 16)] == [[0, 0], [6, 2], [8, 8]]


@pytest.mark.parametrize(
    ("ratio", "shares"),
    [(1.0, [1 / 3, 1 / 3, 1 / 3]), (0.5, [1 / 6, 1 / 3, 1 / 2]), (0.1, [0.0, 0.05, 0.95])],
)
def test_water_fills_the_lowest_first(ratio: float, shares: list[float]) -> None:
    got = level_shares(np.array([0.5, 1 / 3, 1 / 6]), ratio, ALL)
    assert got == pytest.approx(shares) if ratio > 0.2 else got[0] == 0 and got[2] > got[1]
    assert got.sum() == pytest.approx(1)


def test_labels_that_cannot_be_made_get_nothing() -> None:
    got = level_shares(np.array([0.6, 0.2, 0.2]), 0.5, np.array([True, True, False]))
    assert got[2] == 0
    assert got.sum() == pytest.approx(1)


def test_uniform_follows_a_moving_ratio() -> None:
    knots = Knots([Breakpoint(0, 0.0, 0.5), Breakpoint(20_000, 1.0, 1.0)])
    stages = uniform([0.7, 0.2, 0.1], (0, knots))
    assert len(stages.starts) > 5
    first, last = stages.weights[0], stages.weights[-1]
    assert first[0] == 0
    assert max(last) - min(last) <= 1
    periods = np.diff(stages.starts)
    assert all(p % w.sum() == 0 for p, w in zip(periods, stages.weights, strict=False))


def test_a_ratio_of_zero_asks_for_nothing_in_particular() -> None:
    knots = Knots([Breakpoint(0, 0.0, 0.0)])
    stages = uniform([0.7, 0.3], (0, knots))
    assert stages.weights[0].tolist() == [1, 1]


def test_an_event_opens_a_stage_and_leaves_those_before_it() -> None:
    knots = Knots([Breakpoint(0, 0.0, 0.4), Breakpoint(20_000, 0.8, 0.8)])
    plain = uniform([0.7, 0.2, 0.1], (0, knots))
    for slot in (1, 5_003, 15_000, 40_000):
        changed = uniform([0.7, 0.2, 0.1], (0, knots), (slot, knots.changed(slot, 0.1)))
        served = knots.count(slot)
        assert changed.starts[-1] >= served
        before = [
            (a, w.tolist()) for a, w in zip(plain.starts, plain.weights, strict=True) if a < served
        ]
        kept = [
            (a, w.tolist())
            for a, w in zip(changed.starts, changed.weights, strict=True)
            if a < served
        ]
        assert kept == before
        assert np.array_equal(changed.peaks[0], plain.peaks[0])
        assert (changed.peaks[1] >= changed.peaks[0]).all()
