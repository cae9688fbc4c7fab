"""`sa.mix` under Lightning Fabric: the delivered stream is the plan, in one process and in two."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from lightning_synthaug.errors import TrainerError
from tests.helpers.foreign_ranks import RANKS
from tests.helpers.foreign_run import (
    BATCH,
    STOP,
    Stream,
    by_fabric,
    expected,
    mixed,
    pure_plan,
    user_loader,
)

pytest.importorskip("lightning")


@pytest.mark.parametrize("workers", [0, 2])
def test_the_stream_is_the_plan_through_a_checkpoint(workers: int, tmp_path: Path) -> None:
    plan = pure_plan()
    assert by_fabric(tmp_path, stop=STOP, workers=workers) == expected(plan, 0, 1, 0, STOP)
    torch.load(tmp_path / "fabric.ckpt", weights_only=True)
    assert by_fabric(tmp_path, resume="yes", workers=2 - workers) == expected(plan, 0, 1, STOP)


def test_two_ranks_share_the_batches_of_the_plan(ranks_told: dict[str, list[Stream]]) -> None:
    plan = pure_plan()
    for rank in range(RANKS):
        assert ranks_told["fabric first"][rank] == expected(plan, rank, RANKS, 0, STOP)
        assert ranks_told["fabric rest"][rank] == expected(plan, rank, RANKS, STOP)


def test_mixing_before_the_launch_is_refused(tmp_path: Path) -> None:
    loader = mixed(user_loader(BATCH, 0))
    torch.distributed.init_process_group(
        "gloo", store=torch.distributed.HashStore(), rank=0, world_size=1
    )
    try:
        list(loader)  # a group of one changes nothing
        loader.ranks = loader.ranks._replace(world=2)
        with pytest.raises(TrainerError, match=r"rank 0 of 2 then and rank 0 of 1 now.*SA630"):
            list(loader)
    finally:
        torch.distributed.destroy_process_group()
