from __future__ import annotations

import pytest

from lightning_synthaug.trainer.leaf import Leaf


@pytest.mark.parametrize("mode", ["min_size", "max_size_cycle"])
def test_each_batch_of_the_trainer_has_one_of_the_loader(mode: str) -> None:
    assert [Leaf(mode, 3).own(n, per_epoch=5) for n in range(8)] == list(range(8))


def test_a_loader_that_has_ended_waits_for_the_next_epoch() -> None:
    assert [Leaf("max_size", 3).own(n, per_epoch=5) for n in range(8)] == [0, 1, 2, 3, 3, 3, 4, 5]
    assert [Leaf("max_size", 9).own(n, per_epoch=5) for n in range(8)] == list(range(8))
