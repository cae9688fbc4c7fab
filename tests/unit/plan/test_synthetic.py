from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lightning_synthaug.plan.allocation import SourceSpec
from lightning_synthaug.plan.knots import Breakpoint, Knots
from lightning_synthaug.plan.labels import LabelIndex
from lightning_synthaug.plan.position import Epoch
from lightning_synthaug.plan.stretches import Stretch
from lightning_synthaug.plan.synthetic import SyntheticStream

LABELS = LabelIndex(np.arange(12) % 3)


def stream(*sources: SourceSpec, **options: Any) -> SyntheticStream:
    defaults: dict[str, Any] = {
        "labels": LABELS,
        "balance": "proportional",
        "seed": 1,
        "generation_seed": 0,
    }
    half = Stretch(0, Knots([Breakpoint(0, 0.5, 0.5)]), Epoch(12, 4))
    return SyntheticStream(sources, total=12, stretches=[half], **{**defaults, **options})


def samples(of: SyntheticStream, first: int, last: int) -> list[list[int]]:
    number = np.arange(first, last)
    return [a.tolist() for a in of.samples(number, of.shares.who(number))]


def test_a_sample_carries_the_label_of_its_twin() -> None:
    index, label, twin, version = samples(stream(SourceSpec("s")), 0, 12)
    assert sorted(twin) == list(range(12))
    assert label == LABELS.labels[twin].tolist()
    assert sorted(zip(label, index, strict=True)) == [(v, i) for v in range(3) for i in range(4)]
    assert set(version) == {0}


def test_a_replaced_sample_gets_a_new_number_and_version() -> None:
    first = samples(stream(SourceSpec("s", reuse=1)), 0, 12)
    second = samples(stream(SourceSpec("s", reuse=1)), 12, 24)
    assert min(second[0]) == max(first[0]) + 1
    assert set(second[3]) == {1}


def test_labels_that_cannot_be_made_are_marked() -> None:
    index, label, _, _ = samples(stream(SourceSpec("s", labels=frozenset({0, 2}))), 0, 12)
    assert [i < 0 for i in index] == [v == 1 for v in label]


def test_existing_items_are_served_by_their_own_index() -> None:
    items = np.array([2, 0, 0, 2])
    index, label, twin, _ = samples(stream(SourceSpec("s", items=items)), 0, 8)
    assert sorted(index[:4]) == sorted(index[4:]) == [0, 1, 2, 3]
    assert label == items[index].tolist()
    assert max(twin) < 12
    index, label, twin, _ = samples(stream(SourceSpec("s", items=items), balance={0: 1}), 0, 8)
    assert set(index) == {1, 2}
    assert LABELS.labels[twin].tolist() == label == [0] * 8


@pytest.mark.parametrize("balance", ["proportional", "uniform", {0: 1, 1: 2}])
def test_any_stretch_equals_the_whole(balance: Any) -> None:
    of = stream(SourceSpec("a", 2, pool=5), SourceSpec("b", 1, reuse=2), balance=balance)
    whole = samples(of, 0, 200)
    assert samples(of, 57, 111) == [values[57:111] for values in whole]
    assert samples(of, 3, 3) == [[], [], [], []]


@pytest.mark.parametrize("labels", [LABELS, None])
def test_sources_are_planned_together_as_each_alone(labels: LabelIndex | None) -> None:
    of = stream(
        SourceSpec("a", 2, pool=5),
        SourceSpec("b", reuse=2),
        SourceSpec("c", pool=7, reuse=1, labels=frozenset({0, 2})),
        SourceSpec("d", items=np.array([2, 0, 0, 2, 5])),
        SourceSpec("e", 3, pool=24),
        labels=labels,
    )
    number = np.arange(30, 200)
    owner = of.shares.who(number)
    together = of.samples(number, owner)
    for j in range(5):
        mine = owner == j
        alone = of.samples(number[mine], owner[mine])
        assert [a[mine].tolist() for a in together] == [a.tolist() for a in alone]


@pytest.mark.parametrize(
    ("source", "balance", "count"),
    [
        (SourceSpec("s"), "proportional", 12),
        (SourceSpec("s", pool=7), "proportional", 7),
        (SourceSpec("s", pool=50), "uniform", 50),
        (SourceSpec("s", pool=7), "uniform", 7),
        (SourceSpec("s", pool=1), "uniform", 3),
        (SourceSpec("s", pool=50), {0: 1, 2: 1}, 50),
        (SourceSpec("s", pool=9, labels=frozenset({1})), "uniform", 9),
        (SourceSpec("s", labels=frozenset({1})), "proportional", 4),
        (SourceSpec("s", pool=30, labels=frozenset({1})), "proportional", None),
        (SourceSpec("s", items=np.array([2, 0, 0, 2, 1, 1, 1])), "proportional", 7),
        (SourceSpec("s", items=np.array([2, 0, 0, 2, 1, 1, 1])), {0: 1, 1: 2}, 5),
        (SourceSpec("s", items=np.array([2, 0, 0, 2, 9])), "uniform", 4),
        (SourceSpec("s", items=np.array([2, 0, 0]), reuse=1), "proportional", 3),
    ],
)
def test_distinct_is_reached_and_never_passed(
    source: SourceSpec, balance: Any, count: int | None
) -> None:
    of = stream(source, balance=balance)
    index, label, _, _ = samples(of, 0, 2000)
    asked = {(v, i) for v, i in zip(label, index, strict=True) if i >= 0}
    assert len(asked) == of.distinct(0)
    assert count is None or count == len(asked)


def test_there_is_no_end_to_what_is_replaced() -> None:
    assert stream(SourceSpec("s", reuse=3)).distinct(0) is None
    assert stream(SourceSpec("s", reuse=3), balance="uniform").distinct(0) is None


def test_the_twin_of_an_item_carries_its_label() -> None:
    items = np.array([2, 0, 0, 2, 9, 1])
    index, label, twin, _ = samples(stream(SourceSpec("s", items=items)), 0, 24)
    for i, v, t in zip(index, label, twin, strict=True):
        assert items[i] == v
        assert v == 9 or LABELS.labels[t] == v
