from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    DistributedSampler,
    IterableDataset,
    RandomSampler,
    Sampler,
    SequentialSampler,
    TensorDataset,
    WeightedRandomSampler,
)

from lightning_synthaug.errors import DataError
from lightning_synthaug.mixing import LoaderShape, loader_shape

DATA = TensorDataset(torch.zeros(10))


class Stream(IterableDataset[Any]):
    def __iter__(self) -> Iterator[Any]:
        return iter([])


class Own(Sampler[int]):
    def __iter__(self) -> Iterator[int]:
        return iter([0])


class OwnBatches(BatchSampler):
    pass


@pytest.mark.parametrize(
    ("loader", "shape"),
    [
        (DataLoader(DATA, 4), LoaderShape(4, False, False)),
        (DataLoader(DATA, 4, shuffle=True, drop_last=True), LoaderShape(4, True, True)),
        (
            DataLoader(DATA, 4, sampler=DistributedSampler(DATA, 2, 0, shuffle=True)),
            LoaderShape(4, False, True),
        ),
        (
            DataLoader(DATA, 4, sampler=DistributedSampler(DATA, 2, 0, shuffle=False)),
            LoaderShape(4, False, False),
        ),
    ],
)
def test_loaders_tell_their_shape(loader: DataLoader[Any], shape: LoaderShape) -> None:
    assert loader_shape(loader) == shape


@pytest.mark.parametrize(
    ("loader", "match"),
    [
        (DataLoader(Stream(), 4), r"must be map-style .* got Stream, which streams.*SA601"),
        (DataLoader(DATA, None), r"got batch_size=None with NoneType.*SA602"),
        (
            DataLoader(DATA, batch_sampler=OwnBatches(SequentialSampler(DATA), 4, False)),
            r"with OwnBatches.*SA602",
        ),
        (
            DataLoader(DATA, 4, sampler=WeightedRandomSampler([1.0], 3)),
            r"got WeightedRandom.*SA603",
        ),
        (DataLoader(DATA, 4, sampler=Own()), r"got Own.*balance=\"uniform\".*SA603"),
        (DataLoader(DATA, 4, sampler=RandomSampler(DATA, replacement=True)), "SA603"),
        (DataLoader(DATA, 4, sampler=RandomSampler(DATA, num_samples=5)), "SA603"),
        ([1, 2], r"must be one torch DataLoader, got list.*SA606"),
    ],
)
def test_loaders_that_cannot_be_planned_are_refused(loader: Any, match: str) -> None:
    with pytest.raises(DataError, match=match):
        loader_shape(loader)


def test_a_loader_with_an_iter_of_its_own_is_refused() -> None:
    class Scaled(DataLoader[Any]):
        def __iter__(self) -> Any:
            return (batch * 2 for batch in super().__iter__())

    with pytest.raises(DataError, match=r"iterate as torch's DataLoader does, got Scaled.*SA606"):
        loader_shape(Scaled(list(range(8)), batch_size=2))
