from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch.utils.data import (
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

from lightning_synthaug.errors import DataError
from lightning_synthaug.mixing.orders import SamplerOrder


class Listed(Sampler[int]):
    """Yields what it is given; `lying` about its length."""

    def __init__(self, indices: list[int], lying: int = 0) -> None:
        self.yielded = indices
        self.lying = lying

    def __len__(self) -> int:
        return len(self.yielded) + self.lying

    def __iter__(self) -> Iterator[int]:
        return iter(self.yielded)


class Moody(Sampler[int]):
    """Keeps a random state of its own."""

    def __init__(self) -> None:
        self.state = np.random.default_rng(0)

    def __len__(self) -> int:
        return 8

    def __iter__(self) -> Iterator[int]:
        return iter(self.state.permutation(8).tolist())


def test_passes_are_a_function_of_key_and_number() -> None:
    generator = torch.Generator().manual_seed(4)
    sampler = RandomSampler(range(20), generator=generator)
    before, state = torch.get_rng_state(), generator.get_state()
    order = SamplerOrder(sampler, 20)
    passes = {(k, n): order.of_pass(k, n).tolist() for k in (1, 2) for n in (0, 1, 7)}
    assert len({tuple(p) for p in passes.values()}) == 6
    assert all(sorted(p) == list(range(20)) for p in passes.values())
    torch.manual_seed(99)
    assert all(order.of_pass(k, n).tolist() == p for (k, n), p in passes.items())
    assert sampler.generator is generator
    assert torch.equal(generator.get_state(), state)
    torch.set_rng_state(before)


@pytest.mark.parametrize(
    ("sampler", "support"),
    [
        (WeightedRandomSampler([1.0, 0.0, 0.0, 2.0], 30), [0, 3]),
        (SubsetRandomSampler([3, 1]), [1, 3]),
        (SequentialSampler(range(2)), [0, 1]),
        (Listed([2, 2, 0]), [0, 2]),
    ],
)
def test_only_what_can_be_drawn_is_support(sampler: Sampler[int], support: list[int]) -> None:
    assert SamplerOrder(sampler, 4).support.tolist() == support


@pytest.mark.parametrize(
    ("sampler", "match"),
    [
        (Listed([0, 1], lying=1), r"as many indices as its length says.*got 2 indices from Listed"),
        (Listed([0, 1], lying=-1), r"as many indices as its length says"),
        (Listed([0, 9]), r"all of them in the dataset"),
        (Moody(), r"draw from its `generator` or .*, got Moody"),
    ],
)
def test_samplers_that_cannot_be_repeated_are_refused(sampler: Sampler[int], match: str) -> None:
    order = SamplerOrder(sampler, 8)
    with pytest.raises(DataError, match=rf"{match}.*SA603"):
        _ = order.support


def test_a_sampler_without_a_length_is_refused() -> None:
    with pytest.raises(DataError, match=r"a length of at least 1, got list_iterator.*SA603"):
        SamplerOrder(iter([1]), 4)


def test_orders_of_the_same_sampler_are_equal_and_have_fingerprints() -> None:
    sampler = SubsetRandomSampler([3, 1, 2])
    one, same, other = (
        SamplerOrder(s, 4) for s in (sampler, sampler, SubsetRandomSampler([3, 1, 0]))
    )
    assert one.equals(same)
    assert not one.equals(other)
    turns = [SamplerOrder(SequentialSampler(range(n)), 4) for n in (2, 2, 3)]
    assert turns[0].equals(turns[1])
    assert not turns[0].equals(turns[2])
    assert one.fingerprint() == same.fingerprint() != other.fingerprint()
    assert one.fingerprint().startswith("SubsetRandomSampler ")
