"""Keyed permutations are bijections, and do not depend on how they are asked."""

from __future__ import annotations

import numpy as np
import pytest

from lightning_synthaug.plan.permutation import explicit_permutations, permute
from lightning_synthaug.plan.seeding import hash64


@pytest.mark.parametrize("size", [*range(1, 40), 1000, 4097, 2**16 + 1])
def test_permute_is_a_bijection(size: int) -> None:
    assert sorted(permute(np.arange(size), size, key=99).tolist()) == list(range(size))


@pytest.mark.parametrize("size", [2**32 - 65_536, 2**32 - 1, 2**32, 2**32 + 1, 2**45 + 3, 2**62])
def test_permute_stays_in_range_and_hits_nothing_twice_up_to_its_limit(size: int) -> None:
    index = np.concatenate([np.arange(500), size - 1 - np.arange(500), size // 2 + np.arange(500)])
    images = permute(index, size, key=99)
    assert np.unique(images).size == 1500
    assert images.min() >= 0
    assert images.max() < size
    assert abs(np.mean(images / size) - 0.5) < 0.05
    assert (
        permute(index[:3], np.full(3, size), np.full(3, 99, np.uint64)).tolist()
        == images[:3].tolist()
    )


def test_many_positions_are_mapped_like_few() -> None:
    index = np.arange(10**6, 10**6 + 20_000)
    keys = hash64(3, index // 7000)
    few = [
        permute(part, 10**9, key)
        for part, key in zip(np.split(index, 8), np.split(keys, 8), strict=True)
    ]
    assert permute(index, 10**9, keys).tolist() == np.concatenate(few).tolist()


def test_one_key_for_all_equals_a_key_for_each() -> None:
    keys = np.array([5, 5, 5, 9], dtype=np.uint64)
    sizes = np.array([7, 7, 12, 7])
    index = np.array([0, 3, 3, 3])
    mixed = permute(index, sizes, keys)
    single = [
        int(permute([i], int(s), int(k))[0]) for i, s, k in zip(index, sizes, keys, strict=True)
    ]
    assert mixed.tolist() == single


def test_images_are_spread_evenly_over_keys() -> None:
    keys = hash64(7, np.arange(20_000))
    hits = np.bincount(permute(np.zeros(20_000, np.int64), 100, keys), minlength=100)
    assert abs(hits - 200).max() < 80


def test_neighbours_are_uncorrelated_far_above_the_explicit_limit() -> None:
    images = permute(np.arange(50_000), 2**30 + 1, key=3) / 2**30
    assert abs(np.corrcoef(images[:-1], images[1:])[0, 1]) < 0.03


def test_nothing_in_nothing_out() -> None:
    assert permute([], 5, key=1).size == 0
    assert explicit_permutations(1, np.array([1], np.uint64)).tolist() == [[0]]


def test_explicit_permutation_depends_on_its_key() -> None:
    one, other = explicit_permutations(50, np.array([1, 2], np.uint64))
    assert sorted(one.tolist()) == list(range(50))
    assert one.tolist() != other.tolist()
