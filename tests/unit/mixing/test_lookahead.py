"""What is asked of producers, and when; a real store, and producers that answer when the test lets them."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lightning_synthaug.filling import Counted, Limits, Settled
from lightning_synthaug.generators.gates.watch import Collapse
from lightning_synthaug.mixing import Mixture, Recipe, lookahead
from lightning_synthaug.mixing.lookahead import LookAhead
from lightning_synthaug.plan import Epoch
from tests.helpers.traced import Tracer, traced_dataset

SIZE, BATCH = 48, 8


@pytest.fixture(autouse=True)
def at_each_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookahead, "_TIMES", 0.0)


class Slow:
    """A producer as the look-ahead knows it, in this process: it makes a batch when it is told to."""

    def __init__(self, mixture: Mixture) -> None:
        (self.source,) = mixture.generated
        self.spec = SimpleNamespace(sources=[("gan", self.source.needs)], device="cpu")
        self.batch_size = self.source.needs.generator.batch_size
        self.lost: str | None = None
        self.queue: deque[int] = deque()
        self.marks: dict[int, Any] = {}
        self.asked: list[int] = []
        self.closed = False
        self.collapsed: dict[int, Any] = {}
        self._done: list[Settled] = []

    @property
    def under_way(self) -> int:
        return len(self.queue)

    def ask(self, source: int, marks: Mapping[int, Any]) -> None:
        assert source == 0
        assert not set(marks) & set(self.queue)
        self.queue.extend(marks)
        self.asked.extend(marks)
        self.marks.update(marks)

    def forget(self) -> None:
        self.queue.clear()
        self.marks.clear()

    def awaits(self, source: int) -> dict[int, Any]:
        return self.marks

    def work(self) -> None:
        batch = [self.queue.popleft() for _ in range(min(4, len(self.queue)))]
        places = np.array([[1, i] for i in batch], np.int64).reshape(-1, 2)
        marks = [self.marks.pop(i, None) for i in batch]
        counted = Counted(len(batch), len(batch), {})
        self._done.append(Settled(0, np.array(batch, np.int64), places, marks, counted, 100))

    def hear(self) -> list[Settled]:
        done, self._done = self._done, []
        return done

    def close(self) -> None:
        self.closed = True


class Setting:
    """A plan at ratio 0.5 and what asks for its samples."""

    def __init__(
        self, folder: Path, *, producers: int = 1, waits: bool = False, **recipe: Any
    ) -> None:
        options = {"source": Tracer(), "ratio": 0.5, "cache": folder} | recipe
        self.mixture = Mixture(Recipe(**options), traced_dataset(SIZE))
        self.plan = self.mixture.compile(Epoch(SIZE, BATCH), None)
        self.workers = [Slow(self.mixture) for _ in range(producers)]
        made: Any = self.workers
        self.ahead = LookAhead(
            self.mixture.generated, made, waits=waits, blank=True, limits=Limits()
        )

    def wanted(self, first: int, end: int) -> list[int]:
        (source,) = self.mixture.generated
        return source.needs.of_range(self.plan, self.plan.slot(first), self.plan.slot(end)).tolist()


def test_what_is_needed_first_is_asked_first_and_once(tmp_path: Path) -> None:
    s = Setting(tmp_path)
    (worker,) = s.workers
    s.ahead.begin(s.plan, 3, None)
    assert worker.asked == s.wanted(3, 100)[: len(worker.asked)]
    assert len(worker.asked) == 8  # a batch that is made, and one that waits
    assert not s.ahead.advance(3)
    worker.work()
    assert s.ahead.advance(3)
    assert s.ahead.made() == 4
    assert s.ahead.made() == 0
    for _ in range(100):
        worker.work()
        s.ahead.advance(3)
    assert sorted(worker.asked) == sorted(s.wanted(0, 500))  # all there is, each once
    s.mixture.close()


def test_a_run_asks_for_nothing_beyond_its_end(tmp_path: Path) -> None:
    s = Setting(tmp_path, reuse=1, pool=5000)
    s.ahead.begin(s.plan, 0, 9)
    for _ in range(50):
        s.workers[0].work()
        s.ahead.advance(0)
    assert s.workers[0].asked == s.wanted(0, 9)
    s.mixture.close()


@pytest.mark.parametrize("waits", [False, True])
def test_what_would_come_too_late_is_not_asked_for(tmp_path: Path, waits: bool) -> None:
    """Each batch needs 4 samples; the worker makes 4 in the time of 5 batches."""
    s = Setting(tmp_path, waits=waits, reuse=1, pool=5000)
    (worker,) = s.workers
    (source,) = s.mixture.generated
    s.ahead.begin(s.plan, 0, None)
    there = []
    for number in range(300):
        s.ahead.advance(number)
        wanted = np.array(s.wanted(number, number + 1))
        there.append(4 - source.places.missing(wanted).size)
        if number % 5 == 4:
            worker.work()
    assert len(worker.asked) <= 300 // 5 * 4 + 8
    if waits:  # the batches here do not: all is asked for from where training is
        assert sum(there[100:]) < 20
    else:
        assert sum(there[100:]) == pytest.approx(200 * 4 / 5, abs=8)
    s.mixture.close()


def test_who_is_early_has_more_under_way_and_who_is_late_less(tmp_path: Path) -> None:
    s = Setting(tmp_path, reuse=1, pool=5000)
    (worker,) = s.workers
    s.ahead.begin(s.plan, 0, None)
    for number in range(60):
        worker.work()
        worker.work()
        s.ahead.advance(number)
    most = worker.under_way
    assert most > 64
    for number in range(60, 400):
        s.ahead.advance(number)
        if number % 20 == 0:
            worker.work()
    assert worker.under_way <= 8
    # Made after it was taken back: no sample is settled twice, whoever asks for it again.
    (source,) = s.mixture.generated
    worker.queue.extend(worker.asked[-40:])
    for number in range(400, 460):
        worker.work()
        s.ahead.advance(number)
    source.places.find(np.zeros(1, np.int64))  # sorts in what came last
    tables = (source.places._main, source.places._late)
    assert len(source.places) == sum(table.settled() for table in tables)
    s.mixture.close()


def test_listening_costs_training_a_small_share_of_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookahead, "_TIMES", 1e6)
    s = Setting(tmp_path)
    (worker,) = s.workers
    s.ahead.begin(s.plan, 0, None)
    worker.work()
    assert s.ahead.advance(0)  # the first time
    worker.work()
    assert not s.ahead.advance(1)
    s.ahead.listen()
    assert s.ahead.made() == 4
    assert s.ahead.advance(1, lacking=True)
    s.mixture.close()


@pytest.mark.parametrize("budget", [8, 9, 17, 23])
def test_the_last_samples_of_a_budget_are_asked_for(
    tmp_path: Path, budget: int, capsys: pytest.CaptureFixture[str]
) -> None:
    s = Setting(tmp_path)
    (worker,) = s.workers
    made: Any = s.workers
    ahead = LookAhead(
        s.mixture.generated, made, waits=True, blank=True, limits=Limits(samples=budget)
    )
    ahead.begin(s.plan, 0, None)
    for _ in range(40):
        worker.work()
        ahead.advance(0)
    assert len(worker.asked) == budget
    assert worker.closed
    assert ahead.lost == "the budget is spent"
    assert capsys.readouterr().err.count("the budget is spent") == 1
    s.mixture.close()


def test_asking_is_bounded_by_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookahead, "_CHUNK", 16)
    monkeypatch.setattr(lookahead, "_FIRST", 16)
    monkeypatch.setattr(lookahead, "_AHEAD_BYTES", 6400)  # 64 samples of 100 bytes
    s = Setting(tmp_path, reuse=1, pool=5000)
    (worker,) = s.workers
    s.ahead.begin(s.plan, 0, None)
    for _ in range(200):
        worker.work()
        s.ahead.advance(0)
    assert s.wanted(0, 16) == worker.asked[:64]
    assert 64 <= len(worker.asked) <= 100  # what was asked for before its size was known
    s.mixture.close()


def test_producers_own_blocks_and_the_rest_goes_on_when_one_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lookahead, "_BLOCK", 2)
    s = Setting(tmp_path, producers=2)
    one, two = s.workers
    s.ahead.begin(s.plan, 0, None)
    for number in range(30):
        one.work()
        two.work()
        s.ahead.advance(number % 6)
    assert not set(one.asked) & set(two.asked)
    assert sorted(one.asked + two.asked) == sorted(s.wanted(0, 500))
    assert min(len(one.asked), len(two.asked)) > 10
    s = Setting(tmp_path, producers=2)
    one, two = s.workers
    s.ahead.begin(s.plan, 0, None)
    one.lost = "it broke"
    s.ahead.advance(0)
    assert one.closed
    assert s.ahead.lost == "it broke"
    assert capsys.readouterr().err.count("is given up: it broke. Training goes on") == 1
    for _ in range(30):
        two.work()
        s.ahead.advance(0)
    assert sorted(two.asked) == sorted(s.wanted(0, 500))
    two.lost = "this one, too"
    s.ahead.advance(1)
    assert not s.ahead.producers
    s.ahead.advance(2)
    s.mixture.close()


def test_a_store_that_has_samples_is_looked_through_before_anybody_is_asked(tmp_path: Path) -> None:
    s = Setting(tmp_path)
    (source,) = s.mixture.generated
    some = np.array(s.wanted(0, 500)[::2])
    source.fill(source.look_up(some))
    source.places.forget(some)
    made: Any = s.workers
    for producers in (made, []):
        source.places.forget(some)
        ahead = LookAhead(s.mixture.generated, producers, waits=False, blank=False, limits=Limits())
        ahead.begin(s.plan, 0, None)
        assert not source.places.missing(some).size
        assert not ahead.advance(0)
        assert len(s.workers[0].asked) == 8
    for _ in range(20):
        s.workers[0].work()
        ahead.advance(0)
    assert not set(s.workers[0].asked) & set(some.tolist())
    s.mixture.close()


@pytest.mark.parametrize("action", ["warn", "stop"])
def test_what_has_collapsed_is_told_of_and_asked_for_no_more_where_it_is_stopped(
    tmp_path: Path, action: str, capsys: pytest.CaptureFixture[str]
) -> None:
    s = Setting(tmp_path, producers=2, reuse=1, pool=5000, on_collapse=action)
    s.ahead.begin(s.plan, 0, None)
    for worker in s.workers:
        worker.work()
        worker.collapsed[0] = Collapse("similarity", 1, 0, 40, 0.9, 240)
    s.ahead.advance(0)
    asked = [len(worker.asked) for worker in s.workers]
    for number in range(20):
        for worker in s.workers:
            worker.work()
        s.ahead.advance(number)
    assert (asked == [len(worker.asked) for worker in s.workers]) is (action == "stop")
    assert capsys.readouterr().err.count("[SA470]") == 1
    (source,) = s.mixture.generated
    assert source.needs.watching.collapse is not None
    assert list(tmp_path.glob("fill-*.collapsed.json"))
    s.mixture.close()
