from __future__ import annotations

import pytest
import torch
from torch.utils.data import Dataset, Subset, TensorDataset, default_collate, random_split

from lightning_synthaug.mixing.tensorrows import TensorRows

WHOLE = TensorDataset(torch.rand(20, 3, 2), torch.arange(20))
HALVES = random_split(WHOLE, [12, 8], torch.Generator().manual_seed(1))


class Own(TensorDataset):
    """Could do anything to its rows."""


@pytest.mark.parametrize("data", [WHOLE, HALVES[0], Subset(HALVES[1], range(1, 8, 2))])
def test_rows_are_the_items_stacked(data: Dataset[object]) -> None:
    rows = TensorRows.of(data)
    assert rows is not None
    stacked = default_collate([data[i] for i in [2, 0, 3, 3]])
    for ours, torchs in zip(rows.read([2, 0, 3, 3]).tensors, stacked, strict=True):
        assert torch.equal(ours, torchs)


@pytest.mark.parametrize("data", [Own(torch.rand(3)), Subset(Own(torch.rand(3)), [0]), [1, 2]])
def test_other_datasets_are_left_alone(data: object) -> None:
    assert TensorRows.of(data) is None
