"""The parts; under the frameworks themselves they are tested in tests/integration."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader

import lightning_synthaug as sa
from lightning_synthaug.mixing.foreign import (
    PreparedLoader,
    is_prepared,
    plain_loader,
    prepared_ranks,
)
from tests.helpers.traced import read, traced_dataset

accelerate = pytest.importorskip("accelerate.data_loader")
SIZE = 45


def prepared(world: int = 1, rank: int = 0, *, batch: int = 8, **options: Any) -> Any:
    split = options.pop("split_batches", False)
    loader = DataLoader(traced_dataset(SIZE), batch, **options)
    return accelerate.prepare_data_loader(
        loader, num_processes=world, process_index=rank, split_batches=split
    )


def mixed(loader: Any) -> PreparedLoader:
    out = sa.mix(loader, traced_dataset(9, source=1), 0.5, seed=3)
    assert isinstance(out, PreparedLoader)
    return out


def test_only_prepared_loaders_are_prepared() -> None:
    assert is_prepared(prepared())
    assert not is_prepared(DataLoader(traced_dataset(4)))
    assert not is_prepared(None)


def test_ranks_are_those_that_accelerate_deals_to() -> None:
    assert prepared_ranks(prepared())[:2] == (0, 1)
    assert prepared_ranks(prepared(4, 3))[:2] == (3, 4)


def test_the_users_loader_is_found_inside() -> None:
    generator = torch.Generator()
    options = {"num_workers": 2, "prefetch_factor": 3, "timeout": 7, "generator": generator}
    for world in (1, 2):
        plain = plain_loader(prepared(world, shuffle=True, drop_last=True, **options))
        for name, value in options.items():
            assert getattr(plain, name) == value
        assert (plain.batch_size, plain.drop_last) == (8, True)
        assert type(plain.sampler) is torch.utils.data.RandomSampler
    assert plain_loader(prepared(2, split_batches=True)).batch_size == 4
    assert type(plain_loader(prepared()).sampler) is torch.utils.data.SequentialSampler


def test_the_prepared_loader_is_left_as_it_is() -> None:
    loader = prepared()
    before = dict(vars(loader))
    list(mixed(loader))
    assert vars(loader) == before


def test_the_position_is_what_was_handed_on() -> None:
    loader = mixed(prepared(num_workers=1))
    whole = [read(images) for _ in range(2) for images, _ in loader]
    loader = mixed(prepared())
    for _ in loader:
        break
    assert loader.state_dict() == {"batches": 1}
    again = mixed(prepared())
    again.load_state_dict(loader.state_dict())
    assert [read(images) for _ in range(2) for images, _ in again] == whole[1:12]


def test_an_epoch_is_gone_to_unless_the_position_lies_in_it() -> None:
    loader = mixed(prepared())
    loader.load_state_dict({"batches": 8})
    for epoch, batches in ((1, 8), (3, 18), (0, 0)):
        loader.set_epoch(epoch)
        assert loader.state_dict() == {"batches": batches}


def test_what_is_made_of_its_parts_hands_over_the_same() -> None:
    loader = mixed(prepared())
    whole = [read(images) for images, _ in loader]
    assert len(loader.dataset) == SIZE  # type: ignore[arg-type]
    assert loader.dataset[3][0].shape == (1, 6, 6)
    assert loader.total_batch_size == 8
    loader.set_epoch(0)
    parts = DataLoader(
        loader.dataset, batch_sampler=loader.batch_sampler, collate_fn=loader.collate_fn
    )
    for number, (images, _) in enumerate(parts):
        assert read(images) == whole[number]
        assert sa.batch_info(parts).number == number
    assert len(parts) == len(loader) == 6
