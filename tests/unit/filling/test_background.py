"""What the tests of whole producers (`tests/faults/test_producer.py`) do not cover."""

from __future__ import annotations

import copy
import gc
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lightning_synthaug.data import LabelMap
from lightning_synthaug.filling import Counts, Producer, Settled, SourceNeeds, Spec, background
from lightning_synthaug.store import Store
from tests.helpers.faulty import Faulty, gone, processes
from tests.helpers.traced import Tracer


def producer(folder: Path, fault: str = "none", **options: float) -> Producer:
    needs = SourceNeeds(
        1,
        Faulty(str(folder), fault, **options),  # type: ignore[arg-type]
        values=np.arange(3),
        label_map=LabelMap(None),
        generation_seed=0,
        twins=None,  # type: ignore[arg-type]  # never asked for by a class-conditional generator
    )
    return Producer(Spec(str(folder / "cache"), 10**9, "cpu", [("gan", needs)]))


def heard(mine: Producer, holds: Callable[[], bool]) -> list[Settled]:
    words = []
    while not holds():
        words += mine.hear()
        time.sleep(0.01)
    return words


def test_what_is_asked_for_is_made_and_told_where_it_is(tmp_path: Path) -> None:
    mine = producer(tmp_path)
    mine.ask(0, dict.fromkeys([3, 1, 2], 7))
    mine.ask(0, dict.fromkeys([0], 7))
    assert mine.under_way == 4
    assert list(mine.awaits(0)) == [3, 1, 2, 0]
    words = heard(mine, lambda: not mine.under_way)
    assert np.concatenate([w.identities for w in words]).tolist() == [3, 1, 2, 0]
    assert sum(w.counted.made for w in words) == sum(w.counted.asked for w in words) == 4
    assert [mark for w in words for mark in w.marks] == [7] * 4
    assert words[-1].size > 36
    mine.ask(0, dict.fromkeys([2], 7))  # known by now
    (word,) = heard(mine, lambda: not mine.under_way)
    assert word.counted == (0, 0, {})
    mine.close()
    mine.close()
    assert mine.hear() == []
    with Store.open(tmp_path / "cache") as store:
        keys = [mine.spec.sources[0][1].request(i).key("faulty") for i in (3, 1, 2, 0)]
        assert np.array_equal(store.resolve(keys), np.concatenate([w.places for w in words]))


def test_what_is_turned_down_is_told_with_its_reason(tmp_path: Path) -> None:
    mine = producer(tmp_path)
    needs = copy.copy(mine.spec.sources[0][1])
    mine.close()
    needs.generator = Tracer(reject=2)
    mine = Producer(Spec(str(tmp_path / "cache"), 10**9, "cpu", [("gan", needs)]))
    mine.ask(0, dict.fromkeys(range(6), 7))
    counts = Counts()
    for word in heard(mine, lambda: not mine.under_way):
        counts.add(word.counted)
    mine.close()
    assert counts.take() == (9, 6, {"not pretty": 3})


def test_a_producer_that_nobody_keeps_ends(tmp_path: Path) -> None:
    def used() -> None:
        mine = producer(tmp_path)
        mine.ask(0, dict.fromkeys([1], 7))
        heard(mine, lambda: not mine.under_way)

    used()
    gc.collect()
    assert all(map(gone, processes(tmp_path)))


def test_what_was_under_way_is_asked_again_of_the_next_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "_BACK_OFF", 0.1)
    mine = producer(tmp_path, "killed", every=2)
    mine.ask(0, dict.fromkeys(range(12), 7))
    words = heard(mine, lambda: not mine.under_way)
    assert sorted(np.concatenate([w.identities for w in words]).tolist()) == list(range(12))
    assert len(processes(tmp_path)) == 3
    mine.close()


def test_what_a_process_said_before_its_end_is_heard(tmp_path: Path) -> None:
    mine = producer(tmp_path, "killed", every=4)
    mine.ask(0, dict.fromkeys(range(16), 7))
    assert mine._process is not None
    mine._process.wait()  # nobody listened so far
    words = mine.hear()
    assert np.concatenate([w.identities for w in words]).tolist() == list(range(12))
    assert list(mine.awaits(0)) == [12, 13, 14, 15]
    mine.close()


def test_a_batch_under_way_may_end_before_the_process_does(tmp_path: Path) -> None:
    mine = producer(tmp_path, seconds=0.1)
    mine.ask(0, dict.fromkeys(range(40), 7))
    heard(mine, lambda: mine.under_way < 40)
    began = time.monotonic()
    mine.close()
    assert time.monotonic() - began < 5
    with Store.open(tmp_path / "cache") as store:
        assert store.verify() == []
        assert 4 <= store.stats().samples < 40


def test_a_producer_has_no_rank() -> None:
    given = {"RANK": "1", "LOCAL_RANK": "1", "WORLD_SIZE": "4", "SLURM_PROCID": "1", "HOME": "/h"}
    assert background._environment(given.items(), "cuda:1") == {"HOME": "/h"}
    assert background._environment(given.items(), "cpu") == {"HOME": "/h", "OMP_NUM_THREADS": "1"}
