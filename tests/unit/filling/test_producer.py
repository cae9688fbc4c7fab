"""What the tests of whole producers (`tests/faults/test_producer.py`) do not cover."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lightning_synthaug.data import LabelMap, Record
from lightning_synthaug.errors import FillError
from lightning_synthaug.filling import SourceNeeds, producer
from lightning_synthaug.filling.ahead import SourceFiller
from lightning_synthaug.filling.producer import Work
from lightning_synthaug.generators import Rejection, Request
from lightning_synthaug.store import Store
from tests.helpers.traced import Tracer


class Away(Tracer):
    """Makes nothing while it is away."""

    away = True

    def generate(self, requests: Sequence[Request]) -> list[Record | Rejection]:
        if self.away:
            return [Rejection("the service is away", for_now=True) for _ in requests]
        return super().generate(requests)


class Letters:
    """An inbox that has been read already, and words that are kept."""

    stopped = False

    def __init__(self, generator: Away, back_after: int) -> None:
        self.said: list[dict[str, Any]] = []
        self.pauses: list[float] = []
        self._rest = [0, 1, 2]
        self._generator, self._back_after = generator, back_after

    def take(self, sizes: Sequence[int]) -> tuple[int, list[int]] | None:
        asked, self._rest = self._rest, []
        return (0, asked) if asked else None

    def put_back(self, source: int, identities: list[int], pause: float) -> None:
        self.pauses.append(pause)
        self._rest = identities
        self._generator.away = len(self.pauses) < self._back_after

    def say(self, **word: Any) -> None:
        self.said.append(word)


def work(store: Store, back_after: int) -> tuple[Work, Letters]:
    generator = Away()
    needs = SourceNeeds(
        1,
        generator,
        values=np.arange(3),
        label_map=LabelMap(None),
        generation_seed=0,
        twins=None,  # type: ignore[arg-type]  # never asked for by a class-conditional generator
    )
    letters: Any = Letters(generator, back_after)
    filler = SourceFiller("gan", needs, store, device="cpu")
    return Work([filler], store, letters, letters, "cpu"), letters


def test_a_source_that_puts_off_is_asked_again_after_longer_and_longer(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        working, letters = work(store, back_after=9)
        assert working.run() == 0
        assert letters.pauses == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]
        assert [w["error"] for w in letters.said if "error" in w] == [
            "'gan' cannot make samples for now (the service is away)"
        ]
        counted = [word["counted"] for word in letters.said if "counted" in word]
        assert sum(c.rejected.get("the service is away", 0) for c in counted) == 9 * 3
        assert (store.stats().samples, store.stats().tombstones) == (3, 0)


def test_a_source_that_puts_off_for_too_long_is_no_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(producer, "_PATIENCE", -1.0)
    with Store.open(tmp_path) as store:
        working, _ = work(store, back_after=9)
        with pytest.raises(FillError, match=r"the service is away.*SA523"):
            working.run()
        assert store.stats().tombstones == 0
