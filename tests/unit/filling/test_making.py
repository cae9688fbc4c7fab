"""What the tests of filling ahead do not cover."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from lightning_synthaug.data import LabelMap, Record
from lightning_synthaug.errors import FillError
from lightning_synthaug.filling import GIVEN_UP, SourceNeeds
from lightning_synthaug.filling.made import MAX_ATTEMPTS
from lightning_synthaug.filling.making import Maker
from lightning_synthaug.generators import Rejection, Request
from lightning_synthaug.store import Store
from tests.helpers.traced import Tracer


class Choosy(Tracer):
    """Turns down what has an odd number, each time."""

    def generate(self, requests: Sequence[Request]) -> list[Record | Rejection]:
        answers = super().generate(requests)
        return [
            Rejection("odd") if r.number % 2 else a for r, a in zip(requests, answers, strict=True)
        ]


def maker(store: Store) -> Maker:
    needs = SourceNeeds(
        1,
        Choosy(),
        values=np.arange(3),
        label_map=LabelMap(None),
        generation_seed=0,
        twins=None,  # type: ignore[arg-type]  # never asked for by a class-conditional generator
    )
    return Maker("gan", needs, store, "cpu")


def test_a_batch_is_settled_tried_again_or_given_up(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        mine = maker(store)
        made = mine.make([mine.open(identity) for identity in range(4)])
        assert made.identities.tolist() == [0, 2]
        assert made.stored == 2
        assert [o.identity for o in made.retry] == [1, 3]
        assert {o.request.attempt for o in made.retry} == {1}
        last = mine.make([mine.again(mine.open(1), MAX_ATTEMPTS - 1)])
        assert last.places.tolist() == [[GIVEN_UP, GIVEN_UP]]
        assert not last.retry
        assert mine.reason == "odd"
        assert mine.counts.take() == (5, 2, {"odd": 3})
        assert store.stats()[:1] == (2,)
        assert store.stats().tombstones == 3


def test_what_vanishes_while_it_is_stored_is_no_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(tmp_path) as store:
        mine = maker(store)
        monkeypatch.setattr(store, "put", lambda samples: len(samples))
        with pytest.raises(FillError, match="SA503"):
            mine.make([mine.open(0)])


class Elsewhere(Tracer):
    """Chooses labels itself: 7 is among them."""

    conditioning = "none"

    def generate(self, requests: Sequence[Request]) -> list[Record | Rejection]:
        image = np.zeros((6, 6, 1), np.uint8)
        return [Record({"image": image, "label": 7 if r.number % 2 else 1}) for r in requests]


@pytest.mark.parametrize(("values", "said"), [(3, 1), (8, 0), (0, 0)])
def test_labels_that_no_real_sample_has_are_told_once(
    tmp_path: Path, values: int, said: int, capsys: pytest.CaptureFixture[str]
) -> None:
    needs = SourceNeeds(
        1,
        Elsewhere(),
        values=np.arange(values),
        label_map=LabelMap(None),
        generation_seed=0,
        twins=None,  # type: ignore[arg-type]  # never asked for by an unconditional generator
    )
    with Store.open(tmp_path) as store:
        mine = Maker("gan", needs, store, "cpu")
        for first in (0, 4):
            mine.make([mine.open(i) for i in range(first, first + 4)])
    told = "'gan' makes samples with the labels [7], which no real sample has"
    assert capsys.readouterr().err.count(told) == said
