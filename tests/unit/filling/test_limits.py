from __future__ import annotations

import pytest

from lightning_synthaug.filling import Limits, limits


def test_without_limits_there_is_always_room() -> None:
    mine = Limits()
    mine.count(10**9)
    assert mine.room(7) == 7


def test_samples_are_counted_down() -> None:
    mine = Limits(samples=10)
    assert mine.room(6) == 6
    mine.count(6)
    assert mine.room(6) == 4
    mine.count(4)
    assert mine.room(6) == 0


def test_time_runs_out(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(limits.time, "monotonic", lambda: now)
    mine = Limits(seconds=5)
    now += 4.9
    assert mine.room(6) == 6
    now += 0.1
    assert mine.room(6) == 0
