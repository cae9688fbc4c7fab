from __future__ import annotations

from types import SimpleNamespace

import torch
from torch.utils.data import ConcatDataset, StackDataset, Subset, TensorDataset

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
    assert is_subset(SimpleNamespace(dataset=1, indices=[], transform=None))
    assert not is_subset(SimpleNamespace(dataset=1, indices=[], transform=len))
