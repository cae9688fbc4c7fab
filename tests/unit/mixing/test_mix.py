from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

import lightning_synthaug as sa
from lightning_synthaug.errors import ConfigError, DataError, PlanError
from tests.helpers.traced import traced_dataset

SIZE = 45
SOURCE = traced_dataset(9, source=1)


def test_the_loader_keeps_its_length_and_is_left_alone() -> None:
    user = DataLoader(traced_dataset(SIZE), 8, shuffle=True)
    before = dict(vars(user))
    mixed = sa.mix(user, SOURCE, ratio=0.3, seed=7)
    assert len(list(mixed)) == len(user)
    assert vars(user) == before
    assert mixed.feed.mixture.recipe.seed == 7


def test_percentages_need_the_total() -> None:
    loader = DataLoader(traced_dataset(SIZE), 8)
    ramp = sa.Linear(0.0, 1.0, over="50%")
    with pytest.raises(PlanError, match=r'got "50%" in a run without a known end.*SA106'):
        next(iter(sa.mix(loader, SOURCE, ramp)))
    mixed = sa.mix(loader, SOURCE, ramp, total_batches=12)
    shares = [sa.batch_info(mixed).is_synthetic.float().mean() for _ in range(2) for _ in mixed]
    assert shares[0] < 0.2
    assert shares[6:] == [1.0] * 6


@pytest.mark.parametrize("total", [0, -1, True, "5", 2.5])
def test_a_run_has_a_whole_number_of_batches(total: Any) -> None:
    with pytest.raises(ConfigError, match=r"`total_batches` must be .*, got .*SA114"):
        sa.mix(DataLoader(traced_dataset(SIZE), 8), SOURCE, 0.5, total_batches=total)


def test_an_unknown_option_is_answered_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"`transfrom`.*Did you mean `transform`\?.*SA114"):
        sa.mix(DataLoader(traced_dataset(SIZE), 8), SOURCE, 0.5, transfrom=None)


@pytest.mark.parametrize("loader", [[DataLoader([1])], None, {"a": [1]}])
def test_only_one_loader_can_be_mixed(loader: Any) -> None:
    with pytest.raises(DataError, match=r"must be one torch DataLoader.*SA606"):
        sa.mix(loader, SOURCE, 0.5)


def test_a_stream_is_mixed_batch_by_batch() -> None:
    mixed = sa.mix(iter([torch.zeros(4)]), TensorDataset(torch.ones(2)), 0.5)
    with pytest.raises(DataError, match=r"(?s)built like the batch's own.*SA641"):
        next(iter(mixed))
    mixed = sa.mix(iter([[torch.zeros(4)]]), TensorDataset(torch.ones(2)), 0.5)
    assert [t.tolist() for batch in mixed for t in batch] == [[0, 1, 0, 1]]
    assert mixed.state_dict()["batches"] == 1


def test_ranks_share_the_global_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch.distributed as dist

    # A process group of several processes is in the integration tests; here is the arithmetic.
    for name, value in (("is_initialized", True), ("get_rank", 1), ("get_world_size", 2)):
        monkeypatch.setattr(dist, name, lambda value=value: value)
    monkeypatch.setenv("LOCAL_RANK", "1")
    feed = sa.mix(DataLoader(traced_dataset(SIZE), 4), SOURCE, 0.5).feed
    assert (feed.rank, feed.epoch.world, feed.epoch.batch_size, feed.leader) == (1, 2, 8, False)
