from __future__ import annotations

import numpy as np
import pytest

from lightning_synthaug.plan.passes import EXPLICIT_LIMIT, PassStream

SHAPES = [(45, 8), (9, 4), (8, 8), (3, 8), (1, 1), (100, 30), (100, 64), (33, 32), (20_000, 9)]


@pytest.mark.parametrize(("size", "window"), SHAPES)
def test_passes_visit_all_and_batches_repeat_nothing(size: int, window: int) -> None:
    stream = PassStream(size, length=size, windows=[(0, window)], key=7)
    taken = stream.take(0, 6 * size)
    for number in range(6):
        assert sorted(taken[number * size : (number + 1) * size].tolist()) == list(range(size))
        seam, most = number * size, min(size, window)
        for start in range(max(0, seam - most), seam):
            assert len(set(taken[start : start + most].tolist())) == most


def test_passes_differ_wherever_a_batch_leaves_room() -> None:
    for size, window in [(45, 8), (45, 32), (100, 64), (33, 31)]:
        orders = PassStream(size, length=size, windows=[(0, window)], key=7).take(0, 20 * size)
        passes = {tuple(row) for row in orders.reshape(20, size).tolist()}
        assert len(passes) == 20


@pytest.mark.parametrize(("size", "length", "window"), [(45, 40, 8), (45, 40, 30), (10, 10, 8)])
def test_any_position_can_be_read_at_once(size: int, length: int, window: int) -> None:
    windows = [(0, window), (3, 2), (5, window)]
    whole = PassStream(size, length=length, windows=windows, key=7).take(0, 400)
    for start in (0, 7, 39, 40, 123, 390):
        fresh = PassStream(size, length=length, windows=windows, key=7)
        assert fresh.take(start, start + 10).tolist() == whole[start : start + 10].tolist()


@pytest.mark.parametrize(("size", "length"), [(100, 64), (127, 64), (65, 64), (150, 128)])
def test_short_passes_that_are_cut_leave_nobody_out(size: int, length: int) -> None:
    stream = PassStream(size, length=length, windows=[(0, 64)], key=7)
    passes = stream.take(0, 60 * length).reshape(60, length)
    assert all(len(set(row)) == length for row in passes.tolist())
    assert len({frozenset(row) for row in passes.tolist()}) > 50
    times = np.bincount(passes.reshape(-1), minlength=size)
    assert times.max() - times.min() <= 1


def test_a_far_position_costs_no_more_than_a_near_one() -> None:
    stream = PassStream(100, length=100, windows=[(0, 64)], key=7)
    far = 10**12
    assert len(set(stream.take(far, far + 64).tolist())) == 64
    assert stream._group.cache_info().misses == 1


def test_another_window_later_leaves_what_came_before() -> None:
    before = PassStream(30, length=30, windows=[(0, 20)], key=3).take(0, 150)
    for later in (1, 7, 25, 30):
        stream = PassStream(30, length=30, windows=[(0, 20), (5, later)], key=3)
        assert stream.take(0, 150).tolist() == before.tolist()
        taken = stream.take(0, 600)
        for number in range(5, 20):
            seam = number * 30
            for start in range(seam - later, seam):
                assert len(set(taken[start : start + later].tolist())) == later


def test_without_shuffling_it_counts() -> None:
    stream = PassStream(10, length=8, windows=[(0, 4)], key=0, shuffle=False)
    assert stream.take(6, 12).tolist() == [6, 7, 0, 1, 2, 3]
    assert stream.take(5, 5).size == 0


@pytest.mark.parametrize("explicit", [True, False])
def test_large_orders_take_no_memory(explicit: bool) -> None:
    size = EXPLICIT_LIMIT + 1 if explicit else 50_000
    stream = PassStream(size, length=size, windows=[(0, 64)], key=1, explicit=explicit)
    for seam in (size, 2 * size):
        taken = stream.take(seam - 31, seam + 33)
        assert np.unique(taken).size == 64
    assert stream._whole.cache_info().misses == 0


@pytest.mark.parametrize("number", [1, 2, 10**6])
@pytest.mark.parametrize("explicit", [True, False])
def test_a_seam_far_from_the_beginning_needs_nothing_before_it(number: int, explicit: bool) -> None:
    size, window = 20_000, 64
    stream = PassStream(size, length=size, windows=[(0, window)], key=3, explicit=explicit)
    seam = stream.take(number * size - window, number * size + window)
    for start in range(window + 1):
        batch = seam[start : start + window]
        assert np.unique(batch).size == window
    fresh = PassStream(size, length=size, windows=[(0, window)], key=3, explicit=explicit)
    assert sorted(fresh.take(number * size, (number + 1) * size).tolist()) == list(range(size))
