from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

import lightning_synthaug as sa
from lightning_synthaug.errors import TrainerError
from lightning_synthaug.trainer.batchnorm import bind_batchnorm
from tests.helpers.traced import traced_dataset


def mixed() -> Any:
    loader = sa.mix(DataLoader(traced_dataset(20), 4), traced_dataset(9, source=1), 0.5)
    next(iter(loader))
    return loader


def net() -> nn.Sequential:
    return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))


def test_split_parts_anywhere_in_the_model_are_bound() -> None:
    loader = mixed()
    parts = nn.ModuleDict({"a": sa.split_batchnorm(net()), "b": net()})
    sa.split_batchnorm(parts["b"][1])
    bind_batchnorm(parts, loader)
    x = torch.randn(4, 2)
    for part in parts.values():
        assert part(x)[::2].mean().abs() < 1e-5  # the real rows alone


def test_what_is_not_split_is_left_alone() -> None:
    for model in (None, object(), net()):
        bind_batchnorm(model, mixed())


def test_layers_converted_behind_its_back_are_noticed() -> None:
    model = nn.ModuleList([sa.split_batchnorm(net())])
    converted = nn.SyncBatchNorm.convert_sync_batchnorm(model)
    with pytest.raises(
        TrainerError, match=r"got SyncBatchNorm in Sequential.*sync_batchnorm=True.*SA740"
    ):
        bind_batchnorm(converted, mixed())
    bind_batchnorm(sa.merge_batchnorm(converted), mixed())
