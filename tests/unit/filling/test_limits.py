from __future__ import annotations

import re

import pytest

from lightning_synthaug.errors import FillError
from lightning_synthaug.filling import Limits, Need, limits


class Clock:
    now = 100.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(limits.time, "monotonic", lambda: clock.now)
    return clock


def test_without_limits_there_is_always_room() -> None:
    mine = Limits()
    mine.start()
    mine.count(10**9, cost=10**9)
    assert mine.room(7, price=3.0) == 7
    mine.stop()
    assert mine.seconds() is None


def test_samples_are_counted_down() -> None:
    mine = Limits(samples=10)
    assert mine.room(6) == 6
    mine.count(6)
    assert mine.room(6) == 4
    mine.count(5)  # a batch may be one sample too large
    assert mine.room(6) == 0


def test_time_runs_while_samples_are_made(clock: Clock) -> None:
    mine = Limits(seconds=5)
    clock.now += 50
    mine.start()
    mine.start()
    clock.now += 2
    mine.stop()
    clock.now += 50
    assert mine.seconds() == 3
    mine.start()
    clock.now += 2.9
    assert mine.room(6) == 6
    clock.now += 0.1
    assert mine.room(6) == 0


def test_money_is_spent_on_what_has_a_price() -> None:
    mine = Limits(money=1.0)
    assert mine.room(20, price=0.1) == 10
    for _ in range(9):
        mine.count(1, cost=0.1)
    assert mine.room(20, price=0.1) == 1  # whatever rounding leaves
    mine.count(1, cost=0.1)
    assert mine.room(20, price=0.1) == 0
    assert mine.room(20) == 20


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        ({"samples": 90}, "90 samples for 100"),
        ({"money": 4.5}, "a cost of 4.50 for 5.00"),
        ({"samples": 100, "money": 5, "hours": 1}, None),
        ({}, None),
    ],
)
def test_the_first_epoch_must_be_covered(budget: dict[str, float], said: str | None) -> None:
    mine = Limits.of_run(budget)
    needs = [Need(50, 0.1), Need(50, 0.0)]
    if said is None:
        mine.check(needs)
        return
    with pytest.raises(FillError, match=rf"{re.escape(said)}.*SA509"):
        mine.check(needs)
    mine.strict = False
    mine.check(needs)


def test_what_takes_too_long_is_told_with_both_numbers(clock: Clock) -> None:
    mine = Limits.of_run({"hours": 2})
    mine.start()
    clock.now += 3600
    mine.check_time(3600)
    with pytest.raises(FillError, match=r"1\.000 hours for 1\.500.*SA509"):
        mine.check_time(5400)
    mine.strict = False
    mine.check_time(5400)


def test_the_end_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    mine = Limits(samples=1)
    mine.tell_spent()
    mine.tell_spent()
    assert capsys.readouterr().err.count("the budget is spent") == 1
