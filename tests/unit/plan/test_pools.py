from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from lightning_synthaug.plan.pools import pool_passes


def served(
    count: int, size: int, *, window: int = 1, reuse: int | None = None
) -> list[tuple[int, int]]:
    number = np.arange(count)
    keys = np.full(count, 5, np.uint64)
    slot, version = pool_passes(number, np.full(count, size), window=window, key=keys, reuse=reuse)
    return list(zip(slot.tolist(), version.tolist(), strict=True))


def test_each_slot_once_a_pass() -> None:
    pairs = served(70, 7)
    for number in range(10):
        assert sorted(s for s, _ in pairs[7 * number : 7 * number + 7]) == list(range(7))
    assert {v for _, v in pairs} == {0}


@pytest.mark.parametrize("reuse", [1, 2, 3])
def test_each_sample_is_served_as_often_as_it_may(reuse: int) -> None:
    counts = Counter(served(12 * 12, 12, reuse=reuse))
    lives = Counter(counts.values())
    assert max(lives) == reuse
    # Only lives cut off by either end of the run are shorter.
    assert sum(n for times, n in lives.items() if times < reuse) <= 2 * 12


def test_replacement_is_staggered() -> None:
    pairs = served(12 * 12, 12, reuse=3)
    seen: set[tuple[int, int]] = set(pairs[:24])
    for number in range(2, 12):
        new = set(pairs[12 * number : 12 * number + 12]) - seen
        assert len(new) == 4
        seen |= new


def test_no_slot_twice_within_a_window_across_passes() -> None:
    slots = [s for s, _ in served(200, 20, window=6)]
    assert all(len(set(slots[i : i + 6])) == 6 for i in range(195))
