"""The watch goes where samples are made, and never gets in the way."""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lightning_synthaug.data import LabelMap, Record, Verdict
from lightning_synthaug.filling import Producer, SourceFiller, SourceNeeds, Spec, Watching
from lightning_synthaug.filling.identity import join
from lightning_synthaug.filling.made import MAX_ATTEMPTS
from lightning_synthaug.generators import Request
from lightning_synthaug.generators.gates.watch import Collapse, CollapseWatch
from lightning_synthaug.store import Store
from tests.helpers.collapsing import CLASSES, Turning
from tests.unit.filling.test_background import heard

SAMPLES, TURN = 800, 200


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "cache") as store:
        yield store


def needs(watching: Watching, after: int = TURN) -> SourceNeeds:
    return SourceNeeds(
        1,
        Turning(after),
        values=np.arange(CLASSES),
        label_map=LabelMap(None),
        generation_seed=0,
        twins=None,  # type: ignore[arg-type]  # never asked for by a class-conditional generator
        watching=watching,
    )


def filler(store: Store, **options: Any) -> SourceFiller:
    return SourceFiller("gan", needs(Watching(CollapseWatch, **options)), store, device="cpu")


def identities(size: int = SAMPLES) -> Any:
    """What is asked for, labels in turn."""
    number = np.arange(size)
    return join(number % CLASSES, number // CLASSES)


def test_a_fill_tells_of_a_collapse_and_goes_on(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    source = filler(store)
    filled = source.fill(source.look_up(identities()))
    assert filled.generated == SAMPLES
    collapse = source.needs.watching.collapse
    assert collapse is not None
    assert TURN < collapse.made <= TURN + 100
    assert capsys.readouterr().err.count("[SA470]") == 1


def test_one_that_stops_makes_no_more(store: Store) -> None:
    source = filler(store, stops=True)
    missing = source.look_up(identities())
    filled = source.fill(missing)
    assert (
        TURN < filled.generated <= TURN + 200
    )  # the batch in which it was noticed, and one under way
    assert source.needs.watching.halted
    assert source.fill(source.look_up(identities())).generated == 0
    assert len(source.places) == filled.generated


def test_a_healthy_source_is_not_told_of(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    watching = Watching(CollapseWatch, stops=True)
    source = SourceFiller("gan", needs(watching, after=10**9), store, device="cpu")
    assert source.fill(source.look_up(identities(3000))).generated == 3000
    assert watching.collapse is None
    assert "SA470" not in capsys.readouterr().err


def test_what_a_producer_notices_is_heard_with_its_numbers(tmp_path: Path) -> None:
    told = needs(Watching(CollapseWatch))
    mine = Producer(Spec(str(tmp_path / "cache"), 10**9, "cpu", [("gan", told)]))
    mine.ask(0, dict.fromkeys(identities(400).tolist(), 7))
    heard(mine, lambda: not mine.under_way)
    assert list(mine.collapsed) == [0]
    collapse = mine.collapsed[0]
    assert isinstance(collapse, Collapse)
    assert TURN < collapse.made <= TURN + 100
    mine.close()


def test_it_is_made_when_the_first_sample_is_there_and_before_it_goes_elsewhere() -> None:
    made: list[CollapseWatch] = []

    def make() -> CollapseWatch:
        made.append(CollapseWatch())
        return made[-1]

    watching = Watching(make)
    assert not made
    elsewhere = pickle.loads(pickle.dumps(watching))
    assert len(made) == 1
    one = [Request(0, 0)], [Record({"word": "a"})]
    elsewhere.see(*one)
    watching.see(*one)
    assert len(made) == 1


def test_a_watch_that_fails_is_told_of_once_and_left_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Broken(CollapseWatch):  # type: ignore[misc]  # final
        def see(self, requests: object, records: object) -> Collapse | None:
            raise ValueError("odd")

    watching = Watching(Broken)
    for _ in range(3):
        watching.see([Request(0, 0)], [Record({"word": "a"})])
    assert capsys.readouterr().err.count("not watched for a collapse: ValueError: odd") == 1
    watching = Watching(lambda: 1 / 0)  # type: ignore[arg-type, return-value]
    watching.see([Request(0, 0)], [Record({"word": "a"})])
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_news_is_new_once() -> None:
    watching = Watching()
    assert watching.news() is None
    first = Collapse("labels", None, 0, 40, 0.9, 300)
    watching.hear(first)
    watching.hear(first._replace(made=500))
    assert watching.news() == first
    assert watching.news() is None
    assert not watching.halted


def test_what_gates_refuse_is_seen_too(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gate that lets nothing pass that was there before must not hide a collapse."""
    source, seen = filler(store), []
    see = source.needs.watching.see
    monkeypatch.setattr(
        source.needs.watching, "see", lambda q, r: (seen.append(len(r)), see(q, r))[1]
    )
    refused = Verdict(False, 0.0, "no")
    monkeypatch.setattr(source.needs.gating, "judge", lambda *given: [refused] * len(given[1]))
    queue = deque(source.look_up(identities(40)))
    while queue:
        source.make(queue)
    assert sum(seen) == MAX_ATTEMPTS * 40
