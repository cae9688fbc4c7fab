"""What a collate error turns into; see also the integration tests."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader, default_collate

import lightning_synthaug as sa
from lightning_synthaug.errors import DataError
from lightning_synthaug.mixing.collate import MixedCollate, Parts
from lightning_synthaug.mixing.message import Delivered
from tests.helpers.traced import SIDE, traced_dataset


def collate(function: Any = default_collate) -> MixedCollate:
    made = [traced_dataset(9, source=1)[i] for i in range(9)]
    loader = sa.mix(DataLoader(traced_dataset(20), 4, collate_fn=function), made, 0.5)
    assert isinstance(loader.collate_fn, MixedCollate)
    return loader.collate_fn


def test_an_item_that_does_not_fit_is_named_before_torchs_error() -> None:
    real = traced_dataset(20)[0]
    other = (torch.zeros(1, SIDE + 1, SIDE, dtype=torch.uint8), torch.tensor(0))
    error, batch = collate()(Parts(Delivered(0, None), 2, [real, other], None, (1,)))
    assert isinstance(error, DataError)
    assert error.code == "SA205"
    assert batch is None
    with pytest.raises(RuntimeError, match="equal size"):  # a real item's own
        collate()(Parts(Delivered(0, None), 2, [real, other], None, ()))


def test_errors_are_handed_on() -> None:
    error = DataError("SA205", "No.")
    assert collate()(error) == (error, None)
