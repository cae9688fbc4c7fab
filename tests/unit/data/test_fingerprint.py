from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import ConcatDataset, Dataset, Subset, TensorDataset

from lightning_synthaug.data import fingerprint


class Bag(Dataset[Any]):
    """Has attributes; reading a sample fails."""

    def __init__(self, size: int = 5, **attributes: Any) -> None:
        self.size = size
        vars(self).update(attributes)

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> Any:
        raise AssertionError("a sample was read")


class Other(Bag):
    pass


DATA = np.arange(20, dtype=np.uint8).reshape(5, 4)
TENSORS = TensorDataset(torch.from_numpy(DATA), torch.arange(5))

ALL: list[Any] = [
    Bag(),
    Bag(6),
    Other(),
    Bag(targets=[0, 1, 2, 3, 4]),
    Bag(targets=[0, 1, 2, 3, 3]),
    Bag(data=DATA),
    Bag(data=DATA + 1),
    Bag(data=DATA.astype(int)),
    Bag(data=DATA, targets=[0, 1, 2, 3, 4]),
    Bag(samples=[("a/x.png", 0), "b"]),
    Bag(samples=[("a/y.png", 0), "b"]),
    TENSORS,
    TensorDataset(torch.from_numpy(DATA).bfloat16(), torch.arange(5)),
    Subset(TENSORS, [0, 1]),
    Subset(TENSORS, [1, 0]),
    ConcatDataset([TENSORS, Bag()]),
    ConcatDataset([Bag(), TENSORS]),
]


def test_whatever_is_cheap_to_know_tells_datasets_apart() -> None:
    assert len({fingerprint(dataset) for dataset in ALL}) == len(ALL)


@pytest.mark.parametrize("dataset", ALL)
def test_the_same_dataset_has_the_same_fingerprint(dataset: Any) -> None:
    assert fingerprint(dataset) == fingerprint(dataset)
    assert len(fingerprint(dataset)) == 32


def test_the_folder_above_and_the_kind_of_array_do_not_count() -> None:
    assert fingerprint(Bag(samples=[(Path("/here/a/x.png"), 0)])) == fingerprint(
        Bag(samples=[("/there/a/x.png", 1)])
    )
    assert fingerprint(Bag(data=DATA)) == fingerprint(Bag(data=torch.from_numpy(DATA)))
    assert (
        fingerprint(Bag(data=np.array("x")))
        == fingerprint(Bag(data="x"))
        == fingerprint(Bag(samples=[]))
    )
