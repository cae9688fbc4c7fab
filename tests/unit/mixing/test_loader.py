from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader, DistributedSampler, SequentialSampler

import lightning_synthaug as sa
from lightning_synthaug.mixing import MixedLoader
from lightning_synthaug.mixing.counted import CountedLoader
from lightning_synthaug.mixing.loader import PlanBatchSampler
from tests.helpers.traced import read, traced_dataset

SIZE = 45


def mixed(**options: Any) -> CountedLoader:
    return sa.mix(DataLoader(traced_dataset(SIZE), 8, **options), traced_dataset(9, source=1), 0.5)


def test_it_is_a_dataloader_that_frameworks_leave_alone() -> None:
    loader = mixed()
    assert isinstance(loader, DataLoader)
    assert isinstance(loader.sampler, DistributedSampler)
    assert isinstance(loader.sampler, SequentialSampler)
    assert len(loader) == 6
    assert len(loader.sampler) == SIZE
    assert list(loader.sampler) == list(range(SIZE))
    loader.sampler.set_epoch(3)
    assert (loader.batch_sampler.batch_size, loader.batch_sampler.drop_last) == (8, False)  # type: ignore[union-attr]


def test_a_batch_sampler_made_anew_by_a_framework_finds_the_plan() -> None:
    loader = mixed()
    for sampler in (SequentialSampler(loader.dataset), DistributedSampler(loader.dataset, 2, 0)):  # type: ignore[arg-type]
        again = PlanBatchSampler(sampler, 8, False)
        assert again.feed is loader.feed
        assert len(again) == 6


def test_all_settings_are_the_users() -> None:
    def init(worker: int) -> None: ...

    generator = torch.Generator()
    options = {
        "num_workers": 2,
        "prefetch_factor": 3,
        "persistent_workers": True,
        "worker_init_fn": init,
        "timeout": 7,
        "generator": generator,
        "drop_last": True,
    }
    user = DataLoader(traced_dataset(SIZE), 8, **options)
    loader = sa.mix(user, traced_dataset(9, source=1), 0.5)
    for name in (
        "num_workers",
        "prefetch_factor",
        "persistent_workers",
        "timeout",
    ):
        assert getattr(loader, name) == options[name]
    assert loader.generator is generator
    assert len(loader) == len(user) == 5
    assert loader.pin_memory == user.pin_memory
    assert loader.worker_init_fn.function is init  # type: ignore[union-attr]


def test_nothing_happens_before_the_first_batch_is_asked_for() -> None:
    loader = mixed()
    iterator = iter(loader)
    assert loader.feed.plan is None
    loader.load_state_dict({"batches": 3})
    next(iterator)
    assert sa.batch_info(loader).number == 3


def test_only_a_loader_that_counts_by_itself_has_a_state() -> None:
    assert not hasattr(MixedLoader, "state_dict")
    loader = mixed()
    list(loader)
    assert loader.state_dict() == {"batches": 6}


@pytest.mark.parametrize("workers", [0, 2])
def test_a_pass_that_is_left_early_is_over(workers: int) -> None:
    """The position is what was handed over, whatever was fetched ahead."""
    loader = mixed(num_workers=workers)
    for number, _ in enumerate(loader):
        if number == 2:
            break
    assert loader.state_dict() == {"batches": 3}
    rest = [read(images) for images, _ in loader]
    assert len(rest) == 6
    fresh = mixed(num_workers=workers)
    whole = [read(images) for _ in range(2) for images, _ in fresh]
    assert rest == whole[3:9]
