from __future__ import annotations

from typing import Any

import pytest
from torch.utils.data import BatchSampler, DataLoader, SequentialSampler

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.mixing import Recipe, batch_order, check_batches
from tests.helpers.batches import Author, Paraphraser
from tests.helpers.streams import Stream
from tests.helpers.traced import traced_dataset

DATA = traced_dataset(12)


def test_loaders_with_a_batch_sampler_are_known() -> None:
    plain = BatchSampler(SequentialSampler(DATA), 4, drop_last=False)
    for batches in plain, [[0, 1], [5]]:
        assert batch_order(DataLoader(DATA, batch_sampler=batches)) is not None
    for loader in DataLoader(DATA, 4), DataLoader(DATA, None), DataLoader(Stream(8), 4), [[1]]:
        assert batch_order(loader) is None


@pytest.mark.parametrize(
    ("options", "got"),
    [
        ({"extra": 4}, "extra=4"),
        ({"balance": "uniform"}, "balance='uniform'"),
        ({"balance": {0: 1.0}}, r"balance=\{0: 1.0\}"),
        ({"source": Paraphraser(), "pool": 11}, "pool=11"),
        ({"extra": 1, "balance": "uniform"}, "extra=1, balance='uniform'"),
    ],
)
def test_what_needs_another_sample_is_refused(options: dict[str, Any], got: str) -> None:
    loader = DataLoader(DATA, batch_sampler=[[0]])
    recipe = Recipe(**({"source": Author(), "ratio": 0.5} | options))
    with pytest.raises(ConfigError, match=rf"got {got} for 12 samples and list.*SA651"):
        check_batches(loader, recipe)


def test_the_rest_is_taken() -> None:
    loader = DataLoader(DATA, batch_sampler=[[0]])
    check_batches(loader, Recipe(source=Author(), ratio=0.5, pool=3, reuse=2))
    check_batches(loader, Recipe(source=Paraphraser(), ratio=0.5, pool=12))
