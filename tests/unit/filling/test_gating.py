"""Gates judge each sample once, in order; what they say stays, and another gate makes nothing again."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lightning_synthaug.data import LabelMap, Record, Verdict, adapt
from lightning_synthaug.errors import GateError
from lightning_synthaug.filling import GIVEN_UP, Gating, SourceFiller, SourceNeeds
from lightning_synthaug.filling.made import MAX_ATTEMPTS
from lightning_synthaug.generators import Request
from lightning_synthaug.generators.gates import Gate, RealSamples
from lightning_synthaug.store import Store
from tests.helpers.traced import Tracer

IDENTITIES = np.arange(12)


class Odd(Gate):
    """Refuses requests whose number leaves a rest, at the attempts below some number."""

    name = "odd"

    def __init__(self, rest: int = 1, until: int = MAX_ATTEMPTS) -> None:
        self.rest = rest
        self.until = until
        self.seen: list[int] = []

    def settings(self) -> dict[str, Any]:
        return {"rest": self.rest, "until": self.until}

    def judge(self, requests: Sequence[Request], records: Sequence[Record]) -> list[Verdict]:
        self.seen += [r.number for r in requests]
        bad = [r.number % 3 == self.rest and r.attempt < self.until for r in requests]
        return [
            Verdict(not b, float(r.number), "odd \ud800" if b else "")
            for b, r in zip(bad, requests, strict=True)
        ]


class Fitted(Odd):
    fitted = True

    def fit(self, real: RealSamples) -> None:
        self.size = len(real)
        self.fitted_on = self._device


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path) as store:
        yield store


def filler(store: Store, *gates: Gate, generator: Tracer | None = None) -> SourceFiller:
    needs = SourceNeeds(
        1,
        generator or Tracer(),
        values=np.array([0, 1]),
        label_map=LabelMap(None),
        generation_seed=0,
        twins=adapt([(0.0, 0)]),
        gating=Gating(gates, RealSamples.of([Record({"x": 1})])),
    )
    return SourceFiller("gan", needs, store, device="cpu")


def made_by(source: SourceFiller) -> list[int]:
    """Fill, and tell the numbers of the requests that were generated."""
    generator: Any = source.needs.generator
    asked: list[int] = []
    generate = generator.generate
    generator.generate = lambda requests: (
        asked.extend(r.number for r in requests) or generate(requests)
    )
    source.fill(source.look_up(IDENTITIES))
    return asked


def test_what_is_refused_is_made_again_and_what_always_is_is_given_up(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    source = filler(store, Odd(until=1))
    filled = source.fill(source.look_up(IDENTITIES))
    assert filled[:2] == (16, 0)
    assert (source.places.find(IDENTITIES)[:, 0] >= 0).all()
    said = "gates accepted 12 of 16 samples of 'gan'; refused: 4 odd: odd ?"
    assert capsys.readouterr().err.count(said) == 1
    hopeless = filler(store, Odd(rest=2))
    assert hopeless.fill(hopeless.look_up(IDENTITIES)).given_up == 4
    given_up = hopeless.places.find(IDENTITIES)[:, 0] == GIVEN_UP
    assert np.nonzero(given_up)[0].tolist() == [2, 5, 8, 11]
    assert store.stats().tombstones == 0  # another gate may think otherwise


def test_the_next_run_finds_verdicts_and_judges_nothing(store: Store) -> None:
    first = filler(store, Odd())
    first.fill(first.look_up(IDENTITIES))
    gate = Odd()
    second = filler(store, gate)
    assert second.look_up(IDENTITIES) == []
    assert gate.seen == []
    assert np.array_equal(first.places.find(IDENTITIES), second.places.find(IDENTITIES))


def test_another_gate_judges_what_is_there_and_makes_only_what_it_refuses(store: Store) -> None:
    assert sorted(made_by(filler(store))) == IDENTITIES.tolist()
    gate = Odd(until=1)
    source = filler(store, gate)
    assert len(source.look_up(IDENTITIES)) == 12
    assert sorted(made_by(source)) == [1, 4, 7, 10]
    assert sorted(gate.seen) == sorted([*range(12), 1, 4, 7, 10])
    # The gate of before finds all as it was.
    assert filler(store).look_up(IDENTITIES) == []


class OnlyLoaded(Tracer):
    """Has nothing to drop before it is loaded."""

    def load(self, device: str = "cpu") -> None:
        super().load(device)
        self.weights = 3

    def unload(self) -> None:
        super().unload()
        del self.weights


def test_a_generator_that_was_not_needed_is_not_unloaded(store: Store) -> None:
    first = filler(store)
    first.fill(first.look_up(IDENTITIES))
    second = filler(store, Odd(until=0), generator=OnlyLoaded())
    assert second.fill(second.look_up(IDENTITIES)).given_up == 0
    assert (second.places.find(IDENTITIES)[:, 0] >= 0).all()


def test_later_gates_see_what_earlier_ones_accept(store: Store) -> None:
    first, second = Odd(rest=0), Odd(rest=1)
    source = filler(store, first, second)
    source.fill(source.look_up(IDENTITIES))
    assert set(first.seen) == set(range(12))
    assert {n % 3 for n in second.seen} == {1, 2}
    given_up = source.places.find(IDENTITIES)[:, 0] == GIVEN_UP
    assert given_up.sum() == 8


def test_a_refused_sample_that_is_gone_is_not_made_again(store: Store) -> None:
    source = filler(store, Odd(until=1))
    source.fill(source.look_up(IDENTITIES))
    refused = source.maker.open(1)
    assert store.forget([refused.key]) == 1
    assert filler(store, Odd(until=1)).look_up(IDENTITIES) == []


def test_provenance_is_that_of_the_sample_served(store: Store) -> None:
    source = filler(store, Odd(until=1))
    source.fill(source.look_up(IDENTITIES))
    told = source.provenance(1)
    assert told is not None
    assert told["attempt"] == 1
    assert told["gates"]["odd"]["score"] == 1.0
    assert told["gates"]["odd"]["gate"] == source.needs.gating.fingerprints[0]


def test_gates_are_fitted_once_and_travel_without_the_real_samples() -> None:
    gating = Gating([Fitted()], RealSamples.of([Record({"x": 1}), Record({"x": 2})]))
    before = gating.fingerprints
    there = pickle.loads(pickle.dumps(gating))
    assert there.gates[0].size == 2
    assert there._real is None
    assert there.fingerprints == before
    there.load("cpu")
    gating.load("cpu")
    assert gating.gates[0].size == 2  # type: ignore[attr-defined]
    loaded = Gating([Fitted()], RealSamples.of([Record({"x": 1})]))
    loaded.load("meta")
    assert loaded.gates[0].fitted_on == "meta"  # type: ignore[attr-defined]
    other = Gating([Fitted()], RealSamples.of([Record({"x": 1})]))
    assert other.fingerprints != before
    same = Gating([Odd()], RealSamples.of([Record({"x": 1})]))
    assert same.fingerprints == Gating([Odd()], None).fingerprints


@pytest.mark.parametrize(
    "answer",
    [
        [],
        None,
        [True, True],
        [Verdict(True)] * 3,
        [Verdict(False, 0.1, None)] * 2,  # type: ignore[arg-type]
        [Verdict(True, "good")] * 2,  # type: ignore[arg-type]
    ],
)
def test_a_gate_that_gives_something_else_is_named(store: Store, answer: Any) -> None:
    class Broken(Odd):
        def judge(self, requests: Sequence[Request], records: Sequence[Record]) -> Any:
            return answer

    source = filler(store, Broken())
    with pytest.raises(GateError, match="SA451"):
        source.fill(source.look_up(IDENTITIES[:2]))
    assert store.stats().samples == 2  # what was made stays
