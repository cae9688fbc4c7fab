from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    DistributedSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    TensorDataset,
    WeightedRandomSampler,
)

from lightning_synthaug.errors import DataError
from lightning_synthaug.mixing import LoaderShape, first_batches, loader_shape
from lightning_synthaug.mixing.shape import told_length

DATA = TensorDataset(torch.zeros(10))


class Own(Sampler[int]):
    def __iter__(self) -> Iterator[int]:
        return iter([0])


class Sharded(DistributedSampler[Any]):
    pass


class OwnBatches(BatchSampler):
    pass


@pytest.mark.parametrize(
    ("loader", "shape"),
    [
        (DataLoader(DATA, 4), LoaderShape(len(DATA), 4, False, False)),
        (DataLoader(DATA, 4, shuffle=True, drop_last=True), LoaderShape(len(DATA), 4, True, True)),
        (
            DataLoader(DATA, 4, sampler=DistributedSampler(DATA, 2, 0, shuffle=True)),
            LoaderShape(len(DATA), 4, False, True),
        ),
        (
            DataLoader(DATA, 4, sampler=DistributedSampler(DATA, 2, 0, shuffle=False)),
            LoaderShape(len(DATA), 4, False, False),
        ),
    ],
)
def test_loaders_tell_their_shape(loader: DataLoader[Any], shape: LoaderShape) -> None:
    assert loader_shape(loader) == shape


@pytest.mark.parametrize(
    ("loader", "match"),
    [
        (DataLoader(DATA, None), r"got batch_size=None with NoneType.*SA602"),
        (
            DataLoader(DATA, batch_sampler=OwnBatches(SequentialSampler(DATA), 4, False)),
            r"with OwnBatches.*SA602",
        ),
        (DataLoader(DATA, 4, sampler=Own()), r"a length of at least 1, got Own.*SA603"),
        (DataLoader(DATA, 4, sampler=Sharded(DATA, 2, 0)), r"by itself, got Sharded.*SA603"),
        ([1, 2], r"must be one torch DataLoader.*got list.*SA606"),
    ],
)
def test_loaders_that_cannot_be_planned_are_refused(loader: Any, match: str) -> None:
    with pytest.raises(DataError, match=match):
        loader_shape(loader)


@pytest.mark.parametrize(
    "sampler",
    [
        WeightedRandomSampler([1.0, 0.0, 2.0], 5),
        RandomSampler(DATA, replacement=True),
        RandomSampler(DATA, num_samples=5),
        SequentialSampler(range(3)),
    ],
)
def test_other_samplers_give_the_order_and_the_length(sampler: Sampler[int]) -> None:
    shape = loader_shape(DataLoader(DATA, 2, sampler=sampler))
    assert shape.order is not None
    assert shape.samples == shape.order.length == len(sampler)  # type: ignore[arg-type]
    assert shape.epoch(1, extra=4).slots == shape.samples + 4 * -(-shape.samples // 2)


def test_the_first_batches_come_in_turn() -> None:
    shape = first_batches(loader_shape(DataLoader(DATA, 2, shuffle=True)), DATA, 2)
    assert shape.order is not None
    assert shape.order.of_pass(1, 5).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(("batches", "told"), [([1, 2], 2), ([], None), (iter([1]), None)])
def test_a_length_is_told_or_not(batches: Any, told: int | None) -> None:
    assert told_length(batches) == told
