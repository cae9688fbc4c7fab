from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

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


def identities_of(kind: str, count: int, rng: np.random.Generator) -> np.ndarray:
    """Distinct identities: numbers of few groups, versions of many twins, or scattered without any order."""
    if kind == "groups":
        group, number = rng.integers(0, 7, 2 * count), rng.integers(0, count // 5, 2 * count)
    elif kind == "twins":
        group, number = rng.integers(0, count, 2 * count), rng.integers(0, 3, 2 * count)
    else:
        group, number = rng.integers(0, 1 << 22, 2 * count), rng.integers(0, 1 << 39, 2 * count)
    return rng.permutation(np.unique((group << 40) | number))[:count]


@pytest.mark.parametrize("kind", ["groups", "twins", "scattered"])
def test_a_table_says_what_a_dict_says(kind: str) -> None:
    rng = np.random.default_rng(5)
    known: dict[int, tuple[int, int]] = {}
    places, everything = Places(), identities_of(kind, 9000, rng)
    shards = rng.integers(0, 1 << 63, 60)
    for step in range(60):
        fresh = np.array([i for i in rng.choice(everything, 200, False).tolist() if i not in known])
        where = np.column_stack(
            [rng.choice(shards, fresh.size), rng.integers(0, 1 << 18, fresh.size)]
        )
        where[rng.random(fresh.size) < 0.1] = GIVEN_UP
        places.add(fresh, where)
        known |= dict(zip(fresh.tolist(), map(tuple, where.tolist()), strict=True))
        if step % 7 == 6:
            lost = np.append(rng.choice(everything, 300), fresh[:3])
            places.forget(lost)
            known = {i: place for i, place in known.items() if i not in set(lost.tolist())}
        asked = np.append(rng.choice(everything, 50), [-1, -(1 << 50), (1 << 62) + 1, 0])
        expected = [known.get(i, (UNKNOWN, UNKNOWN)) for i in asked.tolist()]
        assert [*map(tuple, places.find(asked).tolist())] == expected
        assert places.missing(asked).tolist() == [i for i in asked.tolist() if i not in known]
        assert len(places) == len(known)
    assert len(known) > 4000


@pytest.mark.parametrize("order", ["rising", "mixed"])
@pytest.mark.parametrize("kind", ["groups", "twins", "scattered"])
def test_a_sample_takes_about_sixteen_bytes_at_most(kind: str, order: str) -> None:
    rng = np.random.default_rng(6)
    identities = identities_of(kind, 200_000, rng)
    if order == "rising":
        identities.sort()
    places = Places()
    tracemalloc.start()
    try:
        for first in range(0, identities.size, 4000):
            some = identities[first : first + 4000]
            places.add(some, np.column_stack([some % 7, some % 1000]))
            places.missing(some)
        size, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size < 18 * identities.size
    assert peak < 60 * identities.size
