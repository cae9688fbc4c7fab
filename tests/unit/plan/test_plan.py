"""What the laws do not cover: refusals, and the corners of `Plan`."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from lightning_synthaug.errors import ConfigError, PlanError
from lightning_synthaug.plan import Breakpoint, Epoch, Knots, Plan, RatioChange, Reshape, SourceSpec

HALF = Knots([Breakpoint(0, 0.5, 0.5)])
LABELS = np.array([i % 3 for i in range(45)])


def plan(*sources: SourceSpec, **options: Any) -> Plan:
    return Plan(Epoch(45, 8), HALF, sources or [SourceSpec("gan")], **({"seed": 1} | options))


def test_any_batch_in_any_order() -> None:
    first = plan(labels=LABELS)
    second = plan(labels=LABELS)
    numbers = [1000, 3, 0, 77, 3]
    ahead = {n: first.batch(n).matrix().tolist() for n in sorted(set(numbers))}
    assert all(second.batch(n).matrix().tolist() == ahead[n] for n in numbers)


def test_blocks_hold_whole_batches_and_slots_agree() -> None:
    p = plan()
    first, end = p.block_batches(700)
    assert first <= 700 < end
    assert len(p.block(700)) == p.slot(end) - p.slot(first)
    small = p.block(700, 20)
    assert len(small) < len(p.block(700))
    assert (
        small.matrix().tolist() == p.slots(small.start, small.start + len(small)).matrix().tolist()
    )
    assert p.slots(p.slot(700), p.slot(701)).matrix().tolist() == p.batch(700).matrix().tolist()


def test_labels_that_a_source_cannot_make_are_marked() -> None:
    p = plan(SourceSpec("gan", labels=frozenset({0, 1})), labels=LABELS)
    slots = p.slots(0, 450)
    made = slots.is_synthetic
    assert ((slots.index < 0) == (made & (slots.label == 2))).all()
    assert (LABELS[slots.twin] == slots.label).all()  # the stand-in carries the label asked for


def test_an_existing_dataset_is_served_item_by_item() -> None:
    items = np.array([2, 0, 0, 1, 2, 2])
    slots = plan(SourceSpec("there", items=items), labels=LABELS).slots(0, 24)
    mine = slots.where(slots.is_synthetic)
    assert sorted(mine.index[:6].tolist()) == sorted(mine.index[6:].tolist()) == list(range(6))
    assert mine.label.tolist() == items[mine.index].tolist()


def test_weights_by_label() -> None:
    slots = plan(labels=LABELS, balance={0: 1, 2: 3}).slots(0, 400)
    counts = np.bincount(slots.label[slots.is_synthetic], minlength=3)
    assert counts.tolist() == [50, 0, 150]


def test_distinct_bounds_what_can_be_asked_for() -> None:
    slots = plan(SourceSpec("gan", pool=12)).slots(0, 2000)
    assert len(set(slots.index[slots.is_synthetic].tolist())) == 12
    assert plan(SourceSpec("gan", pool=12)).distinct(0) == 12
    assert plan().distinct(0) == 45
    assert plan(SourceSpec("gan", reuse=2)).distinct(0) is None
    uniform = plan(labels=LABELS, balance="uniform")
    slots = uniform.slots(0, 4000)
    pairs = set(zip(slots.label[slots.is_synthetic], slots.index[slots.is_synthetic], strict=True))
    assert len(pairs) == uniform.distinct(0)


def test_history_bends_the_course() -> None:
    changed, plain = plan(history=[RatioChange(6, 0.0), Reshape(12, Epoch(45, 15))]), plan()
    for n in range(6):
        assert changed.batch(n).matrix().tolist() == plain.batch(n).matrix().tolist()
    assert not any(changed.batch(n).is_synthetic.any() for n in range(6, 20))
    again = changed.slots(changed.slot(12), changed.slot(15))
    assert sorted(again.index.tolist()) == list(range(45))


def test_a_change_of_length_closes_the_past() -> None:
    """The dataset that came before is not known any more: an error, and nothing wrong silently."""
    for length in (60, 30):
        labels = np.arange(length) % 3
        p = plan(labels=labels, history=[Reshape(12, Epoch(length, 15))])
        before = plan(labels=LABELS)
        assert [p.slot(n) for n in range(13)] == [before.slot(n) for n in range(13)]
        assert p.knots.count(p.slot(12)) == before.knots.count(before.slot(12))
        for asked in (
            lambda p=p: p.batch(11),
            lambda p=p: p.slots(0, 8),
            lambda p=p: p.synthetic(0, 4),
        ):
            with pytest.raises(PlanError, match=r"batches of the present dataset.*SA119"):
                asked()
        slots = p.slots(p.slot(12), p.slot(12 + 4 * length // 15))
        assert slots.index.max() < length
        assert (labels[slots.twin] == slots.label).all()
        number = p.knots.count(p.slot(12))
        assert p.synthetic(number, number + 4).index.size == 4


def test_a_change_of_the_batch_alone_leaves_the_past_open() -> None:
    p = plan(history=[Reshape(12, Epoch(45, 15))])
    assert p.batch(11).matrix().tolist() == plan().batch(11).matrix().tolist()


def test_what_is_planned_is_read_only() -> None:
    batch = plan().batch(3)
    with pytest.raises(ValueError, match="read-only"):
        batch.index[0] = 5


def test_plans_travel_between_processes() -> None:
    history = [RatioChange(6, 0.2), Reshape(9, Epoch(45, 15))]
    p = plan(SourceSpec("gan", pool=7, reuse=2), labels=LABELS, history=history, seed=3)
    p.batch(2)
    again = pickle.loads(pickle.dumps(p))
    for n in (0, 7, 30):
        assert again.batch(n).matrix().tolist() == p.batch(n).matrix().tolist()


def test_labels_must_be_one_for_each_sample() -> None:
    with pytest.raises(ConfigError, match=r"`labels` must be one for each.*got 44 for 45.*SA112"):
        plan(labels=LABELS[:44])


def test_history_must_be_in_order() -> None:
    with pytest.raises(PlanError, match=r"`history` must hold events in the order.*SA110"):
        plan(history=[RatioChange(6, 0.1), RatioChange(2, 0.1)])


def test_a_ratio_above_the_added_slots_is_refused() -> None:
    with pytest.raises(PlanError, match=r"got 0\.5.*at most 2/10 = 0\.2.*SA118"):
        Plan(Epoch(45, 8, extra=2), HALF, [SourceSpec("gan")], seed=1)
    with pytest.raises(PlanError, match="SA118"):  # an event can bring it too
        Plan(
            Epoch(45, 8, extra=8), HALF, [SourceSpec("gan")], seed=1, history=[RatioChange(3, 0.6)]
        )


@pytest.mark.parametrize("balance", ["uniform", {0: 1}])
def test_balance_needs_labels(balance: Any) -> None:
    with pytest.raises(ConfigError, match=r"needs the labels of the real samples.*SA112"):
        plan(balance=balance)


@pytest.mark.parametrize("balance", ["uniform", {0: 1}])
def test_a_source_must_make_some_label_that_occurs(balance: Any) -> None:
    source = SourceSpec("gan", labels=frozenset({8, 9}))
    with pytest.raises(
        ConfigError, match=r"'gan' must be able to make.*\[8, 9\].*\[0, 1, 2\].*SA113"
    ):
        plan(source, labels=LABELS, balance=balance)


@pytest.mark.parametrize("balance", [{7: 1}, {0: 1, 7: 1}, {}])
def test_label_weights_must_name_labels_that_occur(balance: Any) -> None:
    with pytest.raises(ConfigError, match=r"weights for labels that occur.*\[0, 1, 2\].*SA111"):
        plan(labels=LABELS, balance=balance)


def test_label_weights_must_be_positive() -> None:
    with pytest.raises(ConfigError, match=r"`balance\[0\]` must be a number above 0.*SA102"):
        plan(labels=LABELS, balance={0: 0, 1: 1})
