from __future__ import annotations

import gc
from typing import Any

import pytest
import torch

from lightning_synthaug.errors import TrainerError
from lightning_synthaug.mixing import CountedProgress
from lightning_synthaug.mixing.handing import HandedProgress


def batch(number: int) -> dict[str, Any]:
    return {"x": torch.full((4,), float(number)), "more": [torch.tensor([number])], "name": "b"}


def test_only_what_is_handed_on_counts() -> None:
    progress = HandedProgress(CountedProgress(12))
    progress.delivered(0)
    progress.delivered(1)  # fetched ahead
    assert (progress.done(), progress.total(6), progress.coming(6)) == (0, 12, 6)
    progress.hand(0, batch(0))
    assert progress.done() == 1
    assert progress.current(1) == 0


def test_a_batch_is_known_by_its_tensors_or_equal_ones() -> None:
    progress = HandedProgress(CountedProgress())
    batches = [batch(n) for n in range(3)]
    for number, one in enumerate(batches):
        progress.hand(number, one)
    for number, one in enumerate(batches):
        assert progress.current(2, one) == number
        assert progress.current(2, one["more"]) == number
        assert progress.current(2, one["x"].clone().half()) == number


def test_what_is_not_one_of_them_is_refused() -> None:
    progress = HandedProgress(CountedProgress())
    first, second = batch(0), batch(1)
    progress.hand(0, first)
    progress.hand(1, second)
    equal = [torch.ones(2), torch.ones(2)]
    progress.hand(2, equal[0])
    progress.hand(3, equal[1])
    for other in (torch.full((4,), 7.0), [first["x"], second["x"]], torch.ones(2), "name", []):
        with pytest.raises(TrainerError, match=r"as the mixed loader handed them over.*SA635"):
            progress.current(3, other)


def test_batches_that_are_gone_are_forgotten() -> None:
    progress = HandedProgress(CountedProgress())
    progress.hand(0, batch(0))
    gc.collect()
    with pytest.raises(TrainerError, match=r"agrees with 0 of its batches.*SA635"):
        progress.current(0, batch(0))
