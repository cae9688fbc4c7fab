"""What the laws do not cover: refusals, and the corners of `Plan`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lightning_synthaug.errors import ConfigError
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
    with pytest.raises(ConfigError, match=r"`balance\['0'\]` must be a number above 0.*SA102"):
        plan(labels=LABELS, balance={0: 0, 1: 1})
