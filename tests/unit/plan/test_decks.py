from __future__ import annotations

import numpy as np
import pytest

from lightning_synthaug.plan.decks import sliding_orders


@pytest.mark.parametrize(
    ("size", "step"), [(1, 0), (1, 1), (9, 0), (9, 1), (9, 4), (45, 7), (45, 45)]
)
def test_orders_are_permutations_that_move_no_sample_too_far(size: int, step: int) -> None:
    orders = sliding_orders(size, np.arange(3 * size), step=step, key=5)
    assert (np.sort(orders, axis=1) == np.arange(size)).all()
    places = np.argsort(orders, axis=1)
    assert (places[1:] - places[:-1]).min(initial=0) >= -max(0, 2 * step - 1)


def test_passes_differ_and_an_era_forgets_the_one_before_the_last() -> None:
    orders = sliding_orders(40, np.arange(400), step=10, key=5)
    assert (orders[1:] != orders[:-1]).any(axis=1).all()
    # Which samples lie in the first half: after two eras it has nothing to do with where they were.
    first = np.argsort(orders, axis=1) < 20
    shared = (first[:-8] & first[8:]).sum(axis=1)
    assert abs(shared.mean() - 10) < 1


def test_any_passes_can_be_asked_for() -> None:
    whole = sliding_orders(20, np.arange(50), step=3, key=9)
    assert np.array_equal(sliding_orders(20, np.arange(31, 44), step=3, key=9), whole[31:44])


@pytest.mark.parametrize("step", [0, 1, 4])
def test_a_base_is_gone_on_from(step: int) -> None:
    base = np.random.default_rng(1).permutation(30)
    orders = sliding_orders(30, np.arange(20), step=step, key=9, base=base)
    moved = np.argsort(orders[0]) - np.argsort(base)
    assert moved.min() >= -max(0, 2 * step - 1)
    later = sliding_orders(30, np.arange(12, 20), step=step, key=9, base=base)
    assert np.array_equal(later, orders[12:])
