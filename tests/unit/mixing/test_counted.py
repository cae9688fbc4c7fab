from __future__ import annotations

from typing import Any

import pytest
from torch.utils.data import DataLoader

import lightning_synthaug as sa
from lightning_synthaug.errors import TrainerError
from tests.helpers.traced import traced_dataset

DATA, SOURCE = traced_dataset(12), traced_dataset(5, source=1)


def mixed(**options: Any) -> Any:
    return sa.mix(DataLoader(DATA, **options), SOURCE, 0.5)


def test_the_state_of_planned_batches_is_their_count() -> None:
    loader = mixed(batch_size=4)
    for _ in loader:
        break
    assert loader.state_dict() == {"batches": 1}
    again = mixed(batch_size=4)
    again.load_state_dict({"batches": 1})
    assert len(list(again)) == 2


def test_the_state_of_a_batch_samplers_batches_has_pass_and_rows() -> None:
    loader = mixed(batch_sampler=[[0, 1, 2], [3], [4, 5]])
    assert loader.state_dict() == {"batches": 0, "within": False}
    states = [loader.state_dict() for _ in loader]
    told = [(s["within"], s["batch_sampler"]["rows"]) for s in [*states, loader.state_dict()]]
    assert told == [(True, 3), (True, 4), (True, 6), (False, 6)]
    again = mixed(batch_sampler=[[0, 1, 2], [3], [4, 5]])
    again.load_state_dict(states[0])
    assert [len(labels) for _, labels in again] == [1, 2]
    assert [len(labels) for _, labels in again] == [3, 1, 2]


def test_another_number_of_ranks_is_refused() -> None:
    loader = mixed(batch_size=4)
    loader.ranks = loader.ranks._replace(world=2)
    with pytest.raises(TrainerError, match="SA630"):
        next(iter(loader))
