"""A source that is left out leaves everything else where it was."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from lightning_synthaug.plan import (
    BatchPass,
    BatchPlan,
    Breakpoint,
    Epoch,
    Knots,
    Linear,
    Plan,
    RatioChange,
    Reshape,
    SourceChange,
    SourceSpec,
)
from lightning_synthaug.plan.changes import SourceChanges
from lightning_synthaug.plan.sources import ShareTable

SOURCES = [SourceSpec("a", 3), SourceSpec("b", 1)]
EPOCH = Epoch(60, 8)


def plan(*history: Any, sources: Any = SOURCES, **options: Any) -> Plan:
    knots = Knots([Breakpoint(0, 0.5, 0.5)])
    return Plan(EPOCH, knots, sources, seed=1, history=history, **options)


def test_without_events_nothing_is_touched() -> None:
    index = np.arange(5)
    number = owner = np.zeros(5, np.int64)
    assert SourceChanges().apply(index, number=number, owner=owner, shares=ShareTable([1])) is index


@pytest.mark.parametrize("balance", ["proportional", "uniform"])
@pytest.mark.parametrize("share", [0.0, 0.5])
def test_only_the_source_is_left_out_and_only_from_there_on(balance: Any, share: float) -> None:
    labels = np.arange(60) % 3
    before = plan(labels=labels, balance=balance)
    number = before.knots.count(before.slot(9))
    after = plan(SourceChange(9, number, 0, share), labels=labels, balance=balance)
    whole, changed = before.slots(0, 240), after.slots(0, 240)
    for name in ("source", "label", "twin", "version"):
        assert np.array_equal(getattr(whole, name), getattr(changed, name)), name
    left_out = whole.index != changed.index
    assert (changed.index[left_out] == -1).all()
    assert (whole.source[left_out] == 1).all()
    assert np.flatnonzero(left_out)[0] >= before.slot(9)
    mine = (whole.source == 1) & (np.arange(240) >= before.slot(9))
    assert left_out[mine].mean() == pytest.approx(1 - share, abs=0.02)
    assert np.array_equal(after.synthetic(0, 100).index, changed.index[changed.source > 0][:100])


def test_what_is_left_is_spread_evenly() -> None:
    after = plan(SourceChange(0, 0, 0, 0.5), sources=[SourceSpec("a")])
    kept = after.synthetic(0, 400).index >= 0
    assert kept.reshape(-1, 2).sum(axis=1).tolist() == [1] * 200


def test_a_later_event_replaces_an_earlier_one_of_the_same_source() -> None:
    after = plan(
        SourceChange(0, 0, 0, 0.5), SourceChange(5, 20, 1, 0.0), SourceChange(10, 40, 0, 0.0)
    )
    planned = after.synthetic(0, 80)
    gone = planned.index < 0
    first, second = planned.source == 1, planned.source == 2
    assert gone[40:][first[40:]].all()
    assert gone[:40][first[:40]].mean() == pytest.approx(0.5, abs=0.05)
    assert not gone[:20][second[:20]].any()
    assert gone[20:][second[20:]].all()
    assert after.changes.sources == {0, 1}


def test_it_stands_beside_other_events_and_goes_through_pickle() -> None:
    history = (
        SourceChange(3, 12, 0, 0.0),
        RatioChange(5, 0.25),
        Reshape(8, Epoch(40, 10)),
    )
    after, without = plan(*history), plan(*history[1:])
    assert after.slot(12) == without.slot(12)
    assert np.array_equal(after.block(9).source, without.block(9).source)
    again = pickle.loads(pickle.dumps(after))
    assert np.array_equal(again.block(9).index, after.block(9).index)


def test_a_schedule_goes_on_to_move() -> None:
    from lightning_synthaug.plan import Clock

    knots = Linear(0.0, 1.0).compile(Clock(600, 60, EPOCH.slot))
    after = Plan(EPOCH, knots, SOURCES, seed=1, history=[SourceChange(2, 0, 1, 0.0)])
    assert after.knots.ratio(590) > 0.9


def test_batches_of_a_users_sampler_leave_it_out_too() -> None:
    given = BatchPass(0, np.random.default_rng(0).permutation(60), np.arange(6, 61, 6))
    before = BatchPlan(plan(), given, batch=0, slot=0)
    after = BatchPlan(plan(SourceChange(4, 12, 0, 0.0)), given, batch=0, slot=0)
    whole, changed = before.block(0), after.block(0)
    left_out = whole.index != changed.index
    assert left_out.any()
    assert (changed.index[left_out] == -1).all()
    assert (whole.source[left_out] == 1).all()
    assert after.history == after.plan.history
    assert np.flatnonzero(left_out)[0] >= 24
