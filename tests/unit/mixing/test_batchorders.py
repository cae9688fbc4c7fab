from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import BatchSampler, DistributedSampler, RandomSampler

from lightning_synthaug.errors import DataError
from lightning_synthaug.mixing import BatchOrder
from tests.helpers.batches import LengthBuckets, TokenBudget

LENGTHS = [3 + i % 5 for i in range(20)]


def lists(order: BatchOrder, key: int = 7, number: int = 0) -> list[list[int]]:
    given = order.of_pass(key, number)
    return [part.tolist() for part in np.split(given.indices, given.ends[:-1])]


def test_passes_are_those_of_the_sampler_under_the_seed() -> None:
    order = BatchOrder(TokenBudget(LENGTHS, 20), 20)
    before = torch.get_rng_state()
    assert lists(order) == lists(BatchOrder(TokenBudget(LENGTHS, 20), 20))
    assert torch.equal(torch.get_rng_state(), before)
    assert lists(order) != lists(order, number=1)
    assert lists(order) != lists(order, key=8)
    assert sorted(i for batch in lists(order) for i in batch) == list(range(20))
    assert order.fingerprint.startswith("TokenBudget ")


def test_a_generator_of_a_sampler_within_is_seeded_too() -> None:
    own = torch.Generator().manual_seed(1)
    inner = RandomSampler(range(20), generator=own)
    order = BatchOrder(BatchSampler(inner, 3, drop_last=False), 20)
    assert lists(order) == lists(order)
    assert inner.generator is own


def test_the_length_is_as_told() -> None:
    sampler = LengthBuckets(LENGTHS, 4)
    order = BatchOrder(sampler, 20)
    assert order.told == len(sampler) == len(lists(order))
    sampler.batch = 2  # it may change from pass to pass
    assert order.told == len(sampler)
    assert BatchOrder(TokenBudget(LENGTHS, 20), 20).told is None


def test_batches_may_be_lists_tuples_arrays_and_tensors() -> None:
    batches = [[0, np.int64(1)], (2,), np.array([3, 0]), torch.tensor([1]), range(2)]
    assert lists(BatchOrder(batches, 4)) == [[0, 1], [2], [3, 0], [1], [0, 1]]


def test_the_first_batches_alone() -> None:
    sampler = TokenBudget(LENGTHS, 20)
    whole, first = BatchOrder(sampler, 20), BatchOrder(sampler, 20).of_first(2)
    assert lists(first) == lists(first, number=4) == lists(whole)[:2]
    assert (first.told, first.of_pass(7, 4).number) == (2, 4)
    assert whole.equals(BatchOrder(sampler, 20))
    assert not whole.equals(first)
    assert not whole.equals(BatchOrder(TokenBudget(LENGTHS, 20), 20))


def endless() -> Any:
    class Endless:
        def __iter__(self) -> Iterator[list[int]]:
            while True:
                yield list(range(20))

    return Endless()


@pytest.mark.parametrize(
    ("batches", "got"),
    [
        ([[0, 20]], "the index 20 from list for 20 samples"),
        ([[0], [-1]], "the index -1"),
        ([[0], []], "an empty batch"),
        ([], "no batch"),
        ([0, 1], "0 from list"),
        ([["a"]], r"\['a'\]"),
        ([[(0, 5)]], r"\[\(0, 5\)\]"),
        ([[0.5]], r"\[0.5\]"),
        (endless(), "more than 1,049,856 indices in a pass from Endless"),
    ],
)
def test_other_batches_are_refused_by_name(batches: Any, got: str) -> None:
    with pytest.raises(DataError, match=rf"lists of indices into the dataset.*got {got}.*SA650"):
        BatchOrder(batches, 20).of_pass(0, 0)


def test_another_order_each_time_is_refused() -> None:
    class Own:
        def __init__(self) -> None:
            self.random = random.Random(3)

        def __iter__(self) -> Iterator[list[int]]:
            yield self.random.sample(range(20), 20)

    with pytest.raises(DataError, match=r"got Own, which gives other batches each time.*SA650"):
        _ = BatchOrder(Own(), 20).fingerprint


def test_a_sampler_that_divides_by_itself_is_refused() -> None:
    class Divided(LengthBuckets):
        num_replicas, rank = 2, 0

    inner = DistributedSampler(range(20), num_replicas=2, rank=1)  # type: ignore[arg-type]
    for sampler in Divided(LENGTHS, 4), BatchSampler(inner, 3, drop_last=False):
        with pytest.raises(DataError, match=r"must not divide.*with num_replicas=2.*SA650"):
            BatchOrder(sampler, 20)
    Divided.num_replicas = 1
    assert BatchOrder(Divided(LENGTHS, 4), 20).told
