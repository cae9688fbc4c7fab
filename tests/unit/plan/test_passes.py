from __future__ import annotations

import numpy as np
import pytest

from lightning_synthaug.plan.passes import EXPLICIT_LIMIT, PassStream


@pytest.mark.parametrize(("size", "window"), [(45, 8), (9, 4), (8, 8), (3, 8), (1, 1), (100, 30)])
def test_passes_visit_all_and_batches_repeat_nothing(size: int, window: int) -> None:
    stream = PassStream(size, length=size, window=window, key=7)
    taken = stream.take(0, 6 * size)
    for number in range(6):
        assert sorted(taken[number * size : (number + 1) * size].tolist()) == list(range(size))
    if window <= size:
        for start in range(6 * size - window):
            assert len(set(taken[start : start + window].tolist())) == window


def test_any_position_can_be_read_at_once() -> None:
    whole = PassStream(45, length=40, window=8, key=7).take(0, 400)
    for start in (0, 7, 39, 40, 123, 390):
        fresh = PassStream(45, length=40, window=8, key=7)
        assert fresh.take(start, start + 10).tolist() == whole[start : start + 10].tolist()


def test_short_passes_are_followed_from_the_first_one() -> None:
    whole = PassStream(10, length=10, window=8, key=3).take(0, 100)
    assert PassStream(10, length=10, window=8, key=3).take(73, 78).tolist() == whole[73:78].tolist()


def test_without_shuffling_it_counts() -> None:
    stream = PassStream(10, length=8, window=4, key=0, shuffle=False)
    assert stream.take(6, 12).tolist() == [6, 7, 0, 1, 2, 3]
    assert stream.take(5, 5).size == 0


def test_large_orders_take_no_memory() -> None:
    stream = PassStream(EXPLICIT_LIMIT + 1, length=EXPLICIT_LIMIT + 1, window=64, key=1)
    taken = stream.take(EXPLICIT_LIMIT - 31, EXPLICIT_LIMIT + 33)
    assert np.unique(taken).size == 64
