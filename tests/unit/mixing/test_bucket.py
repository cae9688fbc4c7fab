from __future__ import annotations

from typing import Any

import numpy as np
import torch

from lightning_synthaug.mixing.bucket import Bucket, extents


def words(count: int) -> torch.Tensor:
    return torch.zeros(count)


def bucket(lengths: list[int], synthetic: list[int], displaced: dict[int, int]) -> Any:
    """A batch of sentences; those that synthetic ones displace, by row; and what was read."""
    items, read = [words(n) for n in lengths], []

    def real(rows: list[int]) -> list[Any]:
        read.extend(rows)
        return [words(displaced[row]) for row in rows]

    return Bucket(items, synthetic, real), items, read


def test_items_are_measured_part_by_part() -> None:
    item = {"ids": [4, 5], "image": np.zeros((3, 8, 6)), "more": (torch.zeros(2, 1), "text", 3)}
    assert extents(item) == {("ids",): (2,), ("image",): (3, 8, 6), ("more", 0): (2, 1)}
    assert extents([[1, 2], [3]]) == {(): (2,), (0,): (2,), (1,): (1,)}
    assert extents(3) == extents("word") == {}


def test_as_large_as_the_largest_real_one_fits() -> None:
    b, items, read = bucket([3, 7, 5, 7], [1, 2], {})
    b.bound()
    assert (b.unfit, read) == (None, [])
    assert [len(i) for i in items] == [3, 7, 5, 7]


def test_larger_ones_are_held_against_the_sample_that_they_displace() -> None:
    b, items, read = bucket([3, 7, 8, 2], [1, 2], {1: 7, 2: 4})
    b.bound()
    assert read == [1, 2]
    assert b.unfit.tolist() == [2]
    assert [len(i) for i in items] == [3, 7, 4, 2]


def test_without_real_ones_only_the_displaced_tell() -> None:
    b, items, read = bucket([3, 7], [0, 1], {0: 4, 1: 6})
    b.bound()
    assert b.unfit.tolist() == [1]
    assert [len(i) for i in items] == [3, 6]
    assert b.match()  # the first one is shorter than what it displaces
    assert b.unfit.tolist() == [0, 1]
    assert [len(i) for i in items] == [4, 6]
    assert not b.match()
    assert read == [0, 1]  # each once


def test_parts_that_no_real_item_has_do_not_fit() -> None:
    real, made = {"a": words(2)}, {"a": words(2), "b": words(1)}
    items: list[Any] = [real, made]
    b = Bucket(items, [1], lambda rows: [real])
    b.bound()
    assert items == [real, real]
    flat: list[Any] = [words(2), torch.zeros(2, 2)]
    b = Bucket(flat, [1], lambda rows: [words(1)])
    b.bound()
    assert b.unfit is not None
