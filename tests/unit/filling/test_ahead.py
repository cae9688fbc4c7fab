from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lightning_synthaug.data import LabelMap, Record, adapt
from lightning_synthaug.errors import FillError, GeneratorContractBroken
from lightning_synthaug.filling import GIVEN_UP, Filled, SourceFiller, SourceNeeds
from lightning_synthaug.filling.made import MAX_ATTEMPTS
from lightning_synthaug.generators import Generator, Rejection, Request
from lightning_synthaug.store import Store

IDENTITIES = np.array([(place << 40) | n for n in range(5) for place in range(2)])


class Made(Generator):
    """Counts its calls; turns requests down for as long as `stubborn` says."""

    conditioning = "class"
    batch_size = 4

    def __init__(self, stubborn: int = 0, broken: bool = False) -> None:
        self.stubborn = stubborn
        self.broken = broken
        self.calls: list[int] = []
        self.devices: list[str | None] = []

    def fingerprint(self) -> str:
        return "made"

    def load(self, device: str = "cpu") -> None:
        self.devices.append(device)

    def unload(self) -> None:
        self.devices.append(None)

    def generate(self, requests: Sequence[Request]) -> list[Record | Rejection]:
        self.calls.append(len(requests))
        return [self._one(r) for r in requests]

    def _one(self, request: Request) -> Record | Rejection:
        if request.number == 2 and request.attempt < self.stubborn:
            return Rejection("unlucky \ud800")
        label = 5 if self.broken else int(request.label or 0)
        image = np.full((4, 4), request.seed % 256, np.uint8)
        return Record({"image": image, "label": label})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path) as store:
        yield store


def filler(store: Store, generator: Generator) -> SourceFiller:
    needs = SourceNeeds(
        1,
        generator,
        values=np.array([0, 1]),
        label_map=LabelMap(None),
        generation_seed=0,
        twins=adapt([(0.0, 0)]),
    )
    return SourceFiller("gan", needs, store, device="cpu")


def test_what_is_missing_is_made_batch_by_batch(store: Store) -> None:
    generator = Made()
    source = filler(store, generator)
    missing = source.look_up(IDENTITIES)
    assert [m.identity for m in missing] == IDENTITIES.tolist()
    filled = source.fill(missing)
    assert (filled.generated, filled.given_up) == (10, 0)
    assert filled.seconds > 0
    assert generator.calls == [4, 4, 2]
    assert generator.devices == ["cpu", None]
    assert (source.places.find(IDENTITIES) >= 0).all()
    assert source.look_up(IDENTITIES) == []


def test_nothing_missing_loads_nothing(store: Store) -> None:
    generator = Made()
    assert filler(store, generator).fill([]) == Filled(0, 0, 0.0)
    assert generator.devices == []


def test_another_run_finds_everything(store: Store) -> None:
    first = filler(store, Made())
    first.fill(first.look_up(IDENTITIES))
    second = filler(store, Made())
    assert second.look_up(IDENTITIES[::-1]) == []
    assert second.places.find(IDENTITIES).tolist() == first.places.find(IDENTITIES).tolist()


def test_rejected_requests_are_tried_again_under_another_key(store: Store) -> None:
    source = filler(store, Made(stubborn=1))
    filled = source.fill(source.look_up(IDENTITIES))
    assert (filled.generated, filled.given_up) == (10, 0)
    again = filler(store, Made(stubborn=1))
    assert again.look_up(IDENTITIES) == []
    first = source.needs.request(2).key("made")
    assert store.tombstones([first])[first].reason == "unlucky ?"


def test_requests_that_fail_every_attempt_are_given_up_for_good(store: Store) -> None:
    source = filler(store, Made(stubborn=MAX_ATTEMPTS))
    filled = source.fill(source.look_up(IDENTITIES))
    assert (filled.generated, filled.given_up) == (8, 2)
    hopeless = np.array([2, (1 << 40) | 2])
    assert source.places.find(hopeless).tolist() == [[GIVEN_UP] * 2] * 2
    generator = Made(stubborn=MAX_ATTEMPTS)
    again = filler(store, generator)
    assert again.look_up(IDENTITIES) == []
    assert again.places.find(hopeless).tolist() == [[GIVEN_UP] * 2] * 2


def test_provenance_says_what_was_asked(store: Store) -> None:
    source = filler(store, Made())
    source.fill(source.look_up(IDENTITIES))
    request = source.needs.request(int(IDENTITIES[3]))
    told = store.provenance(request.key("made"))
    assert told is not None
    assert (told["label"], told["number"], told["seed"]) == (1, 1, request.seed)
    assert told["fingerprint"] == "made"
    assert "attempt" not in told


def test_damaged_samples_are_made_again(store: Store) -> None:
    source = filler(store, Made(stubborn=1))
    source.fill(source.look_up(IDENTITIES))
    source.forget(np.array([2, 3, 3]))
    assert [m.identity for m in source.look_up(IDENTITIES)] == [2, 3]
    filled = source.fill(source.look_up(IDENTITIES))
    assert filled.generated == 2
    assert store.stats().samples == 10


def test_a_broken_contract_ends_the_fill_and_unloads(store: Store) -> None:
    generator = Made(broken=True)
    source = filler(store, generator)
    with pytest.raises(GeneratorContractBroken, match="SA422"):
        source.fill(source.look_up(IDENTITIES))
    assert generator.devices == ["cpu", None]
    assert store.stats().samples == 0


def test_a_store_that_loses_samples_at_once_is_told(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = filler(store, Made())
    missing = source.look_up(IDENTITIES)
    # Another process that deletes the cache between two statements cannot be had on time.
    put: Any = store.put
    monkeypatch.setattr(
        store, "put", lambda samples: put(samples) and store.forget([s.key for s in samples])
    )
    with pytest.raises(FillError, match=r"must be found again, got 4 of 4 samples missing.*SA503"):
        source.fill(missing)


def test_the_count_is_said_before_anything_is_loaded(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[str] = []

    class Late(Made):
        def load(self, device: str = "cpu") -> None:
            said.append(capsys.readouterr().err)

    source = filler(store, Late())
    source.fill(source.look_up(IDENTITIES))
    assert said == ["synthaug: making 10 samples with 'gan' on cpu\n"]


def test_rejections_of_a_batch_are_noted_together(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Choosy(Made):
        batch_size = 10

        def _one(self, request: Request) -> Record | Rejection:
            good = request.number % 2 or request.attempt
            return super()._one(request) if good else Rejection("even")

    noted: list[int] = []
    bury: Any = store.bury
    monkeypatch.setattr(
        store, "bury", lambda keys, **more: noted.append(len(keys)) or bury(keys, **more)
    )
    source = filler(store, Choosy())
    assert source.fill(source.look_up(IDENTITIES)).generated == 10
    assert noted == [6]


class Greedy(Made):
    """Has memory for two samples at once."""

    def generate(self, requests: Sequence[Request]) -> list[Record | Rejection]:
        assert len(requests) <= self.batch_size
        if len(requests) > 2:
            self.calls.append(-len(requests))
            raise RuntimeError("CUDA out of memory. Tried to allocate 20 GiB")
        return super().generate(requests)


def test_out_of_memory_halves_the_batch_and_is_remembered(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    generator = Greedy()
    generator.batch_size = 8
    source = filler(store, generator)
    assert source.fill(source.look_up(IDENTITIES[:6])).generated == 6
    assert generator.calls == [-6, -4, 2, 2, 2]
    assert generator.batch_size == 8  # as the user wrote it
    assert "out of memory with more than 4 samples" in capsys.readouterr().err
    assert source.fill(source.look_up(IDENTITIES)).generated == 4
    assert generator.calls[5:] == [2, 2]
    assert [p[1] for p in source.places.find(IDENTITIES)] == list(
        range(10)
    )  # in the order asked for


def test_no_memory_for_one_sample_is_the_generators_own_error(store: Store) -> None:
    class Starved(Made):
        def generate(self, requests: Sequence[Request]) -> list[Record | Rejection]:
            raise MemoryError("no room")

    source = filler(store, Starved())
    with pytest.raises(MemoryError, match="no room"):
        source.fill(source.look_up(IDENTITIES))
    assert store.stats().samples == 0


def test_a_look_at_what_another_process_makes_writes_no_request_anew(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = np.arange(3000)
    generator = Made(stubborn=MAX_ATTEMPTS)
    generator.batch_size = 600
    waiting, making = filler(store, Made()), filler(store, generator)
    look = waiting.watch(waiting.look_up(many))
    again: Any = waiting.maker.again
    written: list[int] = []
    asked: list[int] = []
    resolve: Any = store.resolve
    monkeypatch.setattr(waiting.maker, "open", None)  # nothing is written anew
    monkeypatch.setattr(waiting.maker, "again", lambda *a: written.append(1) or again(*a))
    monkeypatch.setattr(store, "resolve", lambda keys: asked.append(len(keys)) or resolve(keys))
    assert look() == look() == 3000
    assert max(asked) < 1000
    assert not written
    making.fill(making.look_up(many)[:1200])
    assert look() == 1800
    assert len(written) == MAX_ATTEMPTS - 1  # of the one that was given up
    assert waiting.places.find(np.array([2, 1199])).min(axis=1).tolist()[0] == GIVEN_UP
    making.fill(making.look_up(many))
    assert look() == look() == 0
    assert (waiting.places.find(many)[:, 0] != -1).all()


def test_a_generator_that_changes_makes_nothing_under_its_old_fingerprint(store: Store) -> None:
    generator = Made()
    source = filler(store, generator)
    source.fill(source.look_up(IDENTITIES[:4]))
    generator.fingerprint = lambda: "changed"  # type: ignore[method-assign]
    missing = source.look_up(IDENTITIES)
    with pytest.raises(FillError, match=r"must stay .*'made', got 'changed'.*SA525"):
        source.fill(missing)
    assert store.stats().samples == sum(generator.calls) == 4
