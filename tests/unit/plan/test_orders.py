from __future__ import annotations

import numpy as np
import pytest

from lightning_synthaug.plan import OrderedStream
from tests.laws.strategies import FewSamples

ORDER = FewSamples(np.array([2, 3, 11]), 7)


def test_passes_come_one_after_the_other() -> None:
    taken = OrderedStream(ORDER, length=7, key=5).take(0, 21)
    assert taken.tolist() == np.concatenate([ORDER.of_pass(5, n) for n in range(3)]).tolist()


@pytest.mark.parametrize(
    ("start", "stop"), [(0, 0), (3, 3), (2, 5), (5, 8), (6, 40), (10**9, 10**9 + 9)]
)
def test_any_stretch_can_be_read_at_once(start: int, stop: int) -> None:
    taken = OrderedStream(ORDER, length=7, key=5).take(start, stop)
    expected = [ORDER.of_pass(5, g // 7)[g % 7] for g in range(start, stop)]
    assert taken.tolist() == expected


def test_a_pass_can_be_cut_short() -> None:
    taken = OrderedStream(ORDER, length=5, key=5).take(3, 8)
    assert taken.tolist() == [*ORDER.of_pass(5, 0)[3:5], *ORDER.of_pass(5, 1)[:3]]


def test_a_pass_is_drawn_once_while_it_is_in_use() -> None:
    order = FewSamples(np.array([2, 3, 11]), 7)
    stream = OrderedStream(order, length=7, key=5)
    for start in range(12):
        stream.take(start, start + 2)
    assert order.drawn == 2
