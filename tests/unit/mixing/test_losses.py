from __future__ import annotations

import numpy as np
import pytest
import torch

from lightning_synthaug.mixing.losses import SourceLosses


def test_means_are_over_rows_not_over_batches() -> None:
    losses = SourceLosses()
    losses.add(torch.tensor([1.0, 2.0, 3.0]), np.array([0, 0, 0]))
    losses.add(torch.tensor([8.0, 5.0]), np.array([0, 3]))
    assert losses.read() == {0: 3.5, 3: 5.0}


def test_a_source_without_rows_has_no_mean_and_no_nan() -> None:
    losses = SourceLosses()
    assert losses.read() == {}
    losses.add(torch.tensor([1.0]), np.array([2]))
    assert losses.read() == {2: 1.0}
    losses.add(torch.tensor([4.0]), np.array([0]))
    assert losses.read() == {0: 4.0}


def test_neither_graphs_nor_rounding_pile_up() -> None:
    losses = SourceLosses()
    rows = torch.full((2,), 0.1, requires_grad=True)
    for _ in range(3):
        losses.add(rows * 2, np.array([0, 1]))
    assert losses._sums is not None
    assert not losses._sums.requires_grad
    assert losses.read() == pytest.approx({0: 0.2, 1: 0.2})
    for _ in range(3000):  # sums of half precision stop growing at 2048
        losses.add(torch.ones(1, dtype=torch.float16), np.array([0]))
    assert losses.read() == {0: 1.0}


def test_adding_reads_nothing_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU would have to finish its work first."""

    def refuse(*_: object) -> None:
        raise AssertionError("waits for the device")

    for name in ("item", "tolist", "cpu", "numpy", "__bool__", "__float__", "__int__", "nonzero"):
        monkeypatch.setattr(torch.Tensor, name, refuse)
    losses = SourceLosses()
    losses.add(torch.ones(2), np.array([0, 1]))
    losses.add(torch.ones(2), np.array([0, 2]))
    monkeypatch.undo()
    assert losses.read() == {0: 1.0, 1: 1.0, 2: 1.0}
