from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch.utils.data import ConcatDataset, StackDataset, Subset, TensorDataset

from lightning_synthaug.data import adapt
from lightning_synthaug.data.kinds import is_concat, is_subset, is_tensors

TENSORS = TensorDataset(torch.zeros(3, 2))


def test_torchs_own_datasets_are_recognised() -> None:
    found = [
        [is_subset(d), is_concat(d), is_tensors(d)]
        for d in (Subset(TENSORS, [0]), ConcatDataset([TENSORS]), TENSORS, [1])
    ]
    assert found == [
        [True, False, False],
        [False, True, False],
        [False, False, True],
        [False, False, False],
    ]


def test_look_alikes_are_told_apart() -> None:
    assert not is_concat(StackDataset(TENSORS))
    assert not is_tensors(SimpleNamespace(tensors={"a": torch.zeros(1)}))
    assert not is_tensors(SimpleNamespace(tensors=["a"]))
    assert not is_subset(SimpleNamespace(dataset=1, indices=[], transform=None))


class Named(Subset[Any]):
    """Adds nothing to what it reads."""

    transform = len


class Scaled(Subset[Any]):
    def __getitem__(self, index: Any) -> Any:
        return self.dataset[self.indices[index]] * 2

    def __getitems__(self, indices: list[int]) -> list[Any]:
        return [self[index] for index in indices]


class Doubled(ConcatDataset[Any]):
    def __getitem__(self, index: Any) -> Any:
        return super().__getitem__(index) * 2


def test_a_wrapper_with_a_way_of_its_own_to_read_is_no_mere_view() -> None:
    values = [np.float64(1), np.float64(2)]
    assert is_subset(Named(values, [1]))  # type: ignore[arg-type]
    scaled, doubled = Scaled(values, [1]), Doubled([values])  # type: ignore[arg-type, list-item]
    assert not is_subset(scaled)
    assert not is_concat(doubled)
    assert adapt(scaled).record(0)["image"] == 4
    assert adapt(doubled).record(0)["image"] == 2
