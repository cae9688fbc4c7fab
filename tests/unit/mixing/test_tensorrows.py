from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import Dataset, Subset, TensorDataset, default_collate, random_split

from lightning_synthaug.mixing.tensorrows import Columns, TensorRows

WHOLE = TensorDataset(torch.rand(20, 3, 2), torch.arange(20))
HALVES = random_split(WHOLE, [12, 8], torch.Generator().manual_seed(1))


class Own(TensorDataset):
    """Could do anything to its rows."""


@pytest.mark.parametrize("data", [WHOLE, HALVES[0], Subset(HALVES[1], range(1, 8, 2))])
def test_rows_are_the_items_stacked(data: Dataset[object]) -> None:
    rows = TensorRows.of(data)
    assert rows is not None
    stacked = default_collate([data[i] for i in [2, 0, 3, 3]])
    made: list[torch.Tensor] = []

    def new(shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
        made.append(torch.empty(shape, dtype=dtype))
        return made[-1]

    for indices in ([2, 0, 3, 3], np.array([2, 0, 3, 3])):
        read = Columns(rows, indices).read(new)
        for ours, torchs in zip(read, stacked, strict=True):
            assert torch.equal(ours, torchs)
            assert ours.dtype == torchs.dtype
    assert all(a is b for a, b in zip(read, made[2:], strict=True))


@pytest.mark.parametrize(
    "data",
    [
        Own(torch.rand(3)),
        Subset(Own(torch.rand(3)), [0]),
        [1, 2],
        TensorDataset(torch.rand(3, requires_grad=True)),
        TensorDataset(torch.nn.Parameter(torch.rand(3), requires_grad=False)),
        TensorDataset(torch.eye(3).to_sparse()),
        TensorDataset(torch.rand(3, device="meta")),
        TensorDataset(torch.arange(3).to(torch.uint16)),
        TensorDataset(torch.zeros(3, dtype=torch.complex64).conj()),
    ],
)
def test_other_datasets_are_left_alone(data: object) -> None:
    assert TensorRows.of(data) is None


@pytest.mark.parametrize("kind", [list, np.array, torch.tensor])
def test_indices_of_subsets_may_count_from_the_end(kind: Any) -> None:
    data = Subset(Subset(WHOLE, kind([-1, -2, 0, 3])), kind([2, -1, 0]))
    rows = TensorRows.of(data)
    assert rows is not None
    columns = Columns(rows, [0, 1, 2])
    for ours, torchs in zip(columns.read(None), default_collate([*data]), strict=True):
        assert torch.equal(ours, torchs)
    assert [int(y) for _, y in columns.items()] == [0, 3, 19]
    for wrong in (20, -21):
        with pytest.raises(IndexError):
            Columns(TensorRows(WHOLE.tensors), [wrong]).read(None)
