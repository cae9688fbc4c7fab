from __future__ import annotations

import numpy as np
import pytest

from lightning_synthaug.plan import rank_rows


@pytest.mark.parametrize("world", [1, 2, 3, 4])
@pytest.mark.parametrize("synthetic", [0, 1, 5, 12])
def test_ranks_share_a_batch_evenly(world: int, synthetic: int) -> None:
    mask = np.arange(12) < synthetic
    hands = [rank_rows(mask, rank, world) for rank in range(world)]
    assert sorted(np.concatenate(hands).tolist()) == list(range(12))
    totals = [int(mask[hand].sum()) for hand in hands]
    assert max(totals) - min(totals) <= 1
    assert all((np.diff(hand) > 0).all() for hand in hands)


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_ranks_without_a_row_get_one_again(rows: int) -> None:
    hands = [rank_rows(np.arange(rows) < 1, rank, 5) for rank in range(5)]
    assert all(hand.size == 1 for hand in hands)
    assert set(np.concatenate(hands).tolist()) == set(range(rows))


def test_at_ratio_zero_it_is_a_distributed_sampler() -> None:
    assert rank_rows(np.zeros(7, bool), 1, 3).tolist() == [1, 4]
