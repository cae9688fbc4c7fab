"""The line before a producer that is early, late, or of unknown pace."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from lightning_synthaug.mixing.line import Line
from lightning_synthaug.mixing.needed import Need


def line(*, grows: bool = True, under_way: int = 0) -> Any:
    producer: Any = SimpleNamespace(batch_size=4, under_way=under_way)
    made = Line(producer, grows=grows)
    made.needs.extend(Need(0, i, 10 * i) for i in range(20))
    return made


def test_what_comes_early_makes_room_up_to_a_bound() -> None:
    early, bounded = line(), line(grows=False)
    assert early.room == bounded.room == 8
    for position in range(10):
        for each in (early, bounded):
            each.came(position, [(position - 1, 1000)], 4)
    assert early.room == 1024
    assert bounded.room == 8


def test_what_comes_late_takes_it_back() -> None:
    late = line(under_way=17)
    late.came(0, [(0, 100)], 4)
    late.came(1, [(0, 100)], 4)
    assert late.room > 8
    assert not late.comes_late
    late.came(500, [(0, 100), (0, 499)], 4)
    assert late.room == 8
    assert late.comes_late
    late.came(500, [(0, 100), (0, 500)], 4)
    assert not late.comes_late
    late.came(510, [], 4)  # all taken back: tells the pace only
    assert not late.comes_late


def test_a_producer_that_makes_more_at_once_is_asked_for_more() -> None:
    early, bounded = line(), line(grows=False)
    for each in (early, bounded):
        each.producer.batch_size = 600
        assert each.room == 1200
        each.came(0, [(-1, 1_000_000)], 4)
        assert each.room == 1200


def test_what_would_come_too_late_is_left_out_once_the_pace_is_known() -> None:
    mine = line(under_way=4)
    assert mine.skip(0) == []
    mine.came(100, [(0, 5)], 4)  # late, after loading
    assert mine.skip(100) is None
    mine.came(108, [(0, 5)], 4)  # two go by while one is made: 24 while 8 are, with half to spare
    left_out = mine.skip(108)
    assert left_out is not None
    assert [n.number for n in left_out] == list(range(0, 132, 10))
    assert mine.needs[0].number == 140
    mine.rests()
    assert mine.skip(108) == []
