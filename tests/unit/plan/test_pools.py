from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from lightning_synthaug.plan import ShareTable
from lightning_synthaug.plan.pools import divide_pool, lives, most_servings


def served(count: int, size: int, reuse: int) -> list[tuple[int, int]]:
    serving = np.arange(count)
    slot = serving % size
    return list(zip(slot.tolist(), lives(serving, slot, size, reuse).tolist(), strict=True))


@pytest.mark.parametrize("reuse", [1, 2, 3])
def test_each_sample_is_served_exactly_as_often_as_it_may(reuse: int) -> None:
    counts = Counter(served(12 * 12, 12, reuse))
    ends = 12 * 12 // reuse  # only the first and the last life of a slot can be cut off
    assert all(n == reuse for (_, life), n in counts.items() if 0 < life < 12 // reuse)
    assert max(counts.values()) == reuse
    assert len(counts) >= ends


def test_replacement_is_staggered() -> None:
    pairs = served(12 * 12, 12, 3)
    seen: set[tuple[int, int]] = set(pairs[:24])
    for number in range(2, 12):
        new = set(pairs[12 * number : 12 * number + 12]) - seen
        assert len(new) == 4
        seen |= new


@pytest.mark.parametrize(
    ("pool", "parts", "sizes"),
    [
        (50, [True, True, True], [17, 17, 16]),
        (50, [True, False, True], [25, 0, 25]),
        (2, [True, True, True], [1, 1, 1]),
        (7, [True], [7]),
    ],
)
def test_a_pool_is_divided_without_a_rest(pool: int, parts: list[bool], sizes: list[int]) -> None:
    assert divide_pool(pool, parts) == sizes


@pytest.mark.parametrize("weights", [[1], [3, 1], [5, 3, 1], [97, 2, 1]])
def test_no_stretch_holds_more_servings_than_the_bound(weights: list[int]) -> None:
    table = ShareTable(weights)
    who = table.who(np.arange(3 * table.period))
    for j, weight in enumerate(weights):
        for size in (1, 2, 7, 40):
            mine = np.convolve(who == j, np.ones(size), "valid").max()
            assert mine <= most_servings(size, weight / table.period) <= size
