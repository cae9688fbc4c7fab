from __future__ import annotations

import pytest
import torch.distributed as dist

from lightning_synthaug.errors import TrainerError
from lightning_synthaug.mixing.ranks import Ranks, ranks_now


def pretend(monkeypatch: pytest.MonkeyPatch, rank: int, world: int) -> None:
    for name, value in (("is_initialized", True), ("get_rank", rank), ("get_world_size", world)):
        monkeypatch.setattr(dist, name, lambda value=value: value)


def test_alone_without_a_process_group() -> None:
    assert ranks_now() == Ranks(0, 1, 0)
    ranks_now().check()


def test_the_local_rank_is_what_the_launcher_says(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, 5, 8)
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    assert ranks_now() == Ranks(5, 8, 5)
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert ranks_now() == Ranks(5, 8, 1)


def test_a_process_group_that_came_later_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    before = ranks_now()
    pretend(monkeypatch, 1, 2)
    with pytest.raises(TrainerError, match=r"rank 0 of 1 then and rank 1 of 2 now.*SA630"):
        before.check()
    ranks_now().check()
