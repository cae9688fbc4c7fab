from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from lightning_synthaug.data import LabelMap, Record, adapt
from lightning_synthaug.errors import ConfigError
from lightning_synthaug.filling import SourceNeeds, wanted_of
from lightning_synthaug.generators import Generator, Rejection, Request
from lightning_synthaug.plan import Breakpoint, Epoch, Knots, Plan, SourceSpec
from tests.helpers.traced import traced_dataset

LABELS = np.array([i % 3 for i in range(45)])


class Made(Generator):
    def __init__(self, conditioning: Any) -> None:
        self.conditioning = conditioning

    def fingerprint(self) -> str:
        return "made"

    def generate(self, requests: Sequence[Request]) -> list[Record | Rejection]:
        return [Rejection("never") for _ in requests]


def needs(
    conditioning: str, *, labelled: bool = True, label_map: Any = None, seed: int = 0
) -> SourceNeeds:
    return SourceNeeds(
        1,
        Made(conditioning),
        values=np.array([0, 1, 2]) if labelled else np.empty(0, np.int64),
        label_map=LabelMap(label_map),
        generation_seed=seed,
        twins=adapt(traced_dataset(45)),
    )


def plan(*, labelled: bool = True, **options: Any) -> Plan:
    knots = Knots([Breakpoint(0, 0.5, 0.5)])
    labels = LABELS if labelled else None
    return Plan(Epoch(45, 8), knots, [SourceSpec("gan", **options)], seed=1, labels=labels)


@pytest.mark.parametrize("conditioning", ["class", "none", "twin"])
def test_one_identity_for_each_request(conditioning: str) -> None:
    p, n = plan(reuse=1), needs(conditioning)
    slots = p.slots(0, 900)
    mine = slots.where(slots.is_synthetic)
    identities = n.identities(mine)
    assert len(set(identities.tolist())) == identities.size
    requests = [n.request(i) for i in identities.tolist()]
    assert len({r.key("made") for r in requests}) == len(requests)
    if conditioning == "class":
        asked = [(r.label, r.number) for r in requests]
        assert asked == list(zip(mine.label.tolist(), mine.index.tolist(), strict=True))
    if conditioning == "none":
        assert {r.label for r in requests} == {None}
    if conditioning == "twin":
        twins = [n._twins.record(i) for i in mine.twin.tolist()]
        assert [r.twin for r in requests] == twins
        assert [r.version for r in requests] == mine.version.tolist()


def test_without_labels_requests_are_numbered_through() -> None:
    p, n = plan(labelled=False), needs("none", labelled=False)
    slots = p.slots(0, 90)
    identities = n.identities(slots.where(slots.is_synthetic))
    assert sorted(n.request(i).number for i in identities.tolist()) == list(range(45))


def test_what_cannot_be_made_has_no_identity() -> None:
    p = plan(labels=frozenset({0}))
    slots = p.slots(0, 90)
    mine = slots.where(slots.is_synthetic)
    assert ((needs("class").identities(mine) < 0) == (mine.label != 0)).all()
    assert (needs("class").of_range(p, 0, 90) >= 0).all()


def test_a_range_is_collected_in_the_order_of_first_use() -> None:
    p, n = plan(), needs("class")
    slots = p.slots(0, 180)
    used = n.identities(slots.where(slots.is_synthetic)).tolist()
    assert n.of_range(p, 0, 180).tolist() == list(dict.fromkeys(used))
    assert n.of_range(p, 5, 5).size == 0


def test_labels_are_those_of_the_generator() -> None:
    n = needs("class", label_map={0: 7, 1: 8, 2: 9})
    assert n.request((1 << 40) | 3).label == 8


def test_attempts_and_generation_seeds_change_the_seed() -> None:
    both = [needs("class", seed=s) for s in (0, 1)]
    seeds = {n.again(n.request(5), a).seed for n in both for a in (0, 1)}
    assert len(seeds) == 4
    assert both[0].again(both[0].again(both[0].request(5), 1), 0) == both[0].request(5)


def test_a_class_needs_labels() -> None:
    with pytest.raises(
        ConfigError, match=r"needs the labels of the real samples.*`labels=`.*SA112"
    ):
        needs("class", labelled=False)


def test_what_several_sources_are_asked_for_is_what_each_is_asked_for() -> None:
    knots = Knots([Breakpoint(0, 0.5, 0.5)])
    specs = [SourceSpec("one"), SourceSpec("two", weight=2), SourceSpec("three")]
    p = Plan(Epoch(45, 8), knots, specs, seed=1, labels=LABELS)
    sources = [needs(kind) for kind in ("class", "none", "twin")]
    for number, source in enumerate(sources, 1):
        source.number = number
    slots = p.slots(10, 700)
    for source, wanted in zip(sources, wanted_of(sources, p, 10, 700), strict=True):
        mine = source.identities(slots.where(slots.source == source.number))
        assert wanted.tolist() == list(dict.fromkeys(mine[mine >= 0].tolist()))
        assert wanted.tolist() == source.of_range(p, 10, 700).tolist()


@pytest.mark.parametrize("conditioning", ["class", "none"])
def test_a_source_of_so_many_samples_is_asked_for_no_more(conditioning: str) -> None:
    class Few(Made):
        def count(self, label: int | None = None) -> int:
            return 3

    n = SourceNeeds(
        1,
        Few(conditioning),
        values=np.array([0, 1, 2]),
        label_map=LabelMap(None),
        generation_seed=0,
        twins=adapt(traced_dataset(45)),
    )
    assert len(n.of_range(plan(), 0, 900)) == n.distinct(plan()) == 9
    assert n.distinct(plan(reuse=2)) is None


@pytest.mark.parametrize("conditioning", ["class", "none", "twin"])
@pytest.mark.parametrize("options", [{}, {"pool": 9}, {"pool": 100}, {"labels": frozenset({1})}])
def test_every_request_is_what_a_long_run_asks_for(
    conditioning: str, options: dict[str, Any]
) -> None:
    n, p = needs(conditioning), plan(**options)
    every = n.every(p)
    assert np.array_equal(every, np.sort(n.of_range(p, 0, 20_000)))
    assert every.size == n.distinct(p)


@pytest.mark.parametrize(
    ("conditioning", "labelled"), [("class", True), ("none", True), ("none", False)]
)
def test_every_request_to_a_generator_that_has_few_samples(
    conditioning: str, labelled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Made, "count", lambda self, label=None: 4 + (label or 0))
    n, p = needs(conditioning, labelled=labelled), plan(labelled=labelled, pool=10**12)
    every = n.every(p)
    assert np.isin(n.of_range(p, 0, 3000), every).all()
    assert every.size == n.distinct(p) == np.unique(every).size


def test_a_long_range_is_planned_until_all_that_is_distinct_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    p, n = plan(pool=20), needs("class")
    whole = n.of_range(p, 0, 900).tolist()
    assert len(whole) == p.distinct(0)
    planned: list[int] = []
    synthetic = p.synthetic

    def counted(first: int, last: int) -> Any:
        planned.append(last - first)
        return synthetic(first, last)

    monkeypatch.setattr("lightning_synthaug.filling.needs._CHUNK", 16)
    monkeypatch.setattr(p, "synthetic", counted)
    assert n.of_range(p, 0, 900).tolist() == whole
    assert sum(planned) < 200
    planned.clear()
    assert n.of_range(p, 0, 50).tolist() == [i for i in whole if i in n.of_range(p, 0, 50)]
    assert n.of_range(p, 40, 40).tolist() == []


@pytest.mark.parametrize(
    ("conditioning", "digest"),
    [
        ("class", "844c39a60fcf3afb707abd70cafd09c9"),
        ("none", "22bb70c35a4947d69c3cfc579c8d7564"),
        ("twin", "1126ea1e1ff541591efb8af63663fc95"),
    ],
)
def test_names_of_samples_never_change(conditioning: str, digest: str) -> None:
    """Or every cache in the world would be made anew."""
    n, names = needs(conditioning, label_map={0: 7, 1: 8, 2: 9}, seed=11), hashlib.sha256()
    for place in range(3):
        for number in range(20):
            first = n.request((place << 40) | number)
            for attempt in range(3):
                names.update(n.again(first, attempt).key("made"))
    assert names.hexdigest()[:32] == digest
