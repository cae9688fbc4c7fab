from __future__ import annotations

import numpy as np

from lightning_synthaug.filling import GIVEN_UP, UNKNOWN, Places


def test_places_are_found_in_any_order() -> None:
    places = Places()
    assert places.find(np.array([3, 1])).tolist() == [[UNKNOWN] * 2] * 2
    places.add(np.array([5, 1]), np.array([[7, 0], [8, 1]]))
    places.add(np.array([3]), np.array([[GIVEN_UP, GIVEN_UP]]))
    assert len(places) == 3
    found = places.find(np.array([1, 2, 3, 5, 9, -1]))
    assert found.tolist() == [[8, 1], [-1, -1], [-2, -2], [7, 0], [-1, -1], [-1, -1]]


def test_missing_keeps_the_order_of_use() -> None:
    places = Places()
    places.add(np.array([4]), np.array([[1, 1]]))
    assert places.missing(np.array([9, 4, 2])).tolist() == [9, 2]


def test_forgotten_places_are_missing_again() -> None:
    places = Places()
    places.add(np.array([1, 2, 3]), np.array([[1, 1], [2, 2], [3, 3]]))
    places.forget(np.array([2, 9]))
    assert places.missing(np.array([1, 2, 3])).tolist() == [2]
    places.add(np.array([2]), np.array([[4, 4]]))
    assert places.find(np.array([2])).tolist() == [[4, 4]]


def test_what_comes_in_bit_by_bit_is_found_like_what_came_at_once() -> None:
    rng = np.random.default_rng(3)
    identities = rng.permutation(5000) * 7 + (rng.integers(0, 3, 5000) << 40)
    where = rng.integers(0, 99, (5000, 2))
    places = Places()
    for first in range(0, 5000, 40):
        some = slice(first, first + 40)
        places.add(identities[some], where[some])
        assert (places.find(identities[some]) == where[some]).all()
        assert places.missing(identities[first : first + 50]).size == (10 if first < 4960 else 0)
    assert len(places) == 5000
    assert (places.find(identities) == where).all()
    places.forget(identities[:2500])
    assert (places.find(identities[:2500]) == UNKNOWN).all()
    assert (places.find(identities[2500:]) == where[2500:]).all()
