from __future__ import annotations

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
