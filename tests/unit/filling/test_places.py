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
