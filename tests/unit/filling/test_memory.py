from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from lightning_synthaug.data import LabelMap, Record, adapt
from lightning_synthaug.filling import SourceFiller, SourceNeeds
from lightning_synthaug.filling.gating import Gating
from lightning_synthaug.generators import Conditioning, Generator, Rejection, Request
from lightning_synthaug.generators.gates import Gate
from lightning_synthaug.plan import Breakpoint, Epoch, Knots, Plan, SourceSpec
from lightning_synthaug.store import Store, Verdict

IDENTITIES = np.array([(place << 40) | n for n in range(50) for place in range(2)])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path) as store:
        yield store


class Made(Generator):
    """Paints what its seed says."""

    batch_size = 64

    def __init__(self, conditioning: Conditioning) -> None:
        self.conditioning = conditioning

    def fingerprint(self) -> str:
        return "made"

    def generate(self, requests: Sequence[Request]) -> list[Record | Rejection]:
        return [self._one(request) for request in requests]

    def _one(self, request: Request) -> Record:
        image = np.full((4, 4), request.seed % 256, np.uint8)
        return Record({"image": image, "label": request.label or 0})


class Bright(Gate):
    """Takes everything."""

    def fingerprint(self) -> str:
        return "bright"

    def judge(self, requests: Sequence[Request], records: Sequence[Record]) -> list[Verdict]:
        return [Verdict(True)] * len(records)


def filler(
    store: Store, *gates: Gate, seed: int = 0, conditioning: Conditioning = "class"
) -> SourceFiller:
    needs = SourceNeeds(
        1,
        Made(conditioning),
        values=np.array([0, 1]),
        label_map=LabelMap(None),
        generation_seed=seed,
        twins=adapt([(0.0, 0), (1.0, 1)]),
        gating=Gating(gates),
    )
    return SourceFiller("gan", needs, store, device="cpu")


def filled(store: Store, *gates: Gate, conditioning: Conditioning = "class") -> SourceFiller:
    source = filler(store, *gates, conditioning=conditioning)
    source.fill(source.look_up(IDENTITIES))
    source.memory.write(source.places)
    return source


def asked(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Note how many keys are looked up each time."""
    sizes: list[int] = []
    resolve = Store.resolve

    def counted(self: Store, keys: list[bytes]) -> object:
        sizes.append(len(keys))
        return resolve(self, keys)

    monkeypatch.setattr(Store, "resolve", counted)
    return sizes


def test_another_process_need_not_look_up_what_one_has_found(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = filled(store).places.find(IDENTITIES)
    sizes = asked(store, monkeypatch)
    later = filler(store)
    more = np.append(IDENTITIES, 99)
    assert [o.identity for o in later.look_up(more)] == [99]
    assert later.places.find(IDENTITIES).tolist() == places.tolist()
    assert sizes == [1]


def test_what_is_another_sample_is_not_taken_for_it(store: Store) -> None:
    filled(store)
    assert len(filler(store, seed=1).look_up(IDENTITIES)) == IDENTITIES.size
    assert len(filler(store, Bright()).look_up(IDENTITIES)) == IDENTITIES.size


def test_gates_that_have_accepted_need_not_be_asked(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(store, Bright())
    sizes = asked(store, monkeypatch)
    assert filler(store, Bright()).look_up(IDENTITIES) == []
    assert sizes == []


def test_what_was_forgotten_is_looked_up(store: Store) -> None:
    source = filled(store)
    source.forget(IDENTITIES[:3])
    assert len(source.look_up(IDENTITIES)) == 3
    assert len(filler(store).look_up(IDENTITIES)) == 3


def test_it_is_written_again_only_where_there_is_news(store: Store, tmp_path: Path) -> None:
    filled(store)
    (path,) = tmp_path.glob("*.places")
    before = path.read_bytes()
    later = filler(store)
    later.look_up(IDENTITIES)
    few, many = np.arange(100, 110), np.arange(200, 300)
    for more, news in ((few, False), (many, True)):
        later.fill(later.look_up(more))
        later.memory.write(later.places)
        assert (path.read_bytes() != before) is news
    last = filler(store)
    assert last.look_up(np.concatenate([IDENTITIES, few, many])) == []


def test_a_file_that_cannot_be_read_is_as_none(store: Store, tmp_path: Path) -> None:
    filled(store)
    (path,) = tmp_path.glob("*.places")
    path.write_bytes(path.read_bytes()[:-9])
    later = filler(store)
    assert later.look_up(IDENTITIES) == []
    later.memory.write(later.places)
    assert filler(store).look_up(IDENTITIES) == []


def test_samples_that_are_made_from_real_ones_are_not_remembered(
    store: Store, tmp_path: Path
) -> None:
    source = filler(store, conditioning="twin")
    twins = np.array([0, 1 << 40])
    source.fill(source.look_up(twins))
    source.memory.write(source.places)
    assert not list(tmp_path.glob("*.places"))


def plan(labels: list[int], pool: int = 40) -> Plan:
    knots = Knots([Breakpoint(0, 0.5, 0.5)])
    epoch = Epoch(len(labels), 8)
    return Plan(epoch, knots, [SourceSpec("gan", pool=pool)], seed=1, labels=np.array(labels))


def settled(source: SourceFiller, p: Plan) -> None:
    source.fill(source.look_up(source.needs.of_range(p, 0, 9_000)))


def test_all_of_a_plan_is_there_when_each_of_its_samples_is(store: Store) -> None:
    even, uneven = plan([0, 1] * 20), plan([0] * 30 + [1] * 10)
    source = filler(store)
    assert not source.memory.has_all(even, source.places)
    settled(source, even)
    assert source.memory.has_all(even, source.places)
    # Another plan asks for as many, and for others.
    assert source.needs.distinct(uneven) == source.needs.distinct(even) == len(source.places)
    assert not source.memory.has_all(uneven, source.places)
    settled(source, uneven)
    assert source.memory.has_all(uneven, source.places)
    assert source.memory.has_all(even, source.places)
    source.places.forget(source.needs.every(even)[:1])
    assert not source.memory.has_all(even, source.places)
    assert not source.memory.has_all(uneven, source.places)


def test_what_was_forgotten_is_missed_though_as_many_are_there(store: Store) -> None:
    even, uneven = plan([0, 1] * 20), plan([0] * 30 + [1] * 10)
    source = filler(store)
    settled(source, even)
    assert source.memory.has_all(even, source.places)
    count = len(source.places)
    others = np.setdiff1d(source.needs.every(uneven), source.needs.every(even))[:1]
    source.fill(source.look_up(others))
    source.places.forget(source.needs.every(even)[:1])
    assert len(source.places) == count
    assert not source.memory.has_all(even, source.places)


def test_all_of_a_plan_is_found_in_the_file_and_nothing_else(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    even, uneven = plan([0, 1] * 20), plan([0] * 30 + [1] * 10)
    source = filler(store)
    settled(source, even)
    source.memory.write(source.places)
    sizes = asked(store, monkeypatch)
    later = filler(store)
    assert not later.memory.has_all(uneven, later.places)
    assert later.memory.has_all(even, later.places)
    assert np.array_equal(later.places.settled(), source.places.settled())
    assert sizes == []


def test_nobody_has_all_where_samples_are_replaced_without_end(store: Store) -> None:
    source = filler(store)
    knots = Knots([Breakpoint(0, 0.5, 0.5)])
    endless = Plan(
        Epoch(4, 2), knots, [SourceSpec("gan", reuse=1)], seed=1, labels=np.arange(4) % 2
    )
    assert not source.memory.has_all(endless, source.places)
