"""`sa.mix` in Hugging Face's Trainer: the delivered stream is the plan, in one process and in two."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lightning_synthaug.errors import TrainerError
from tests.helpers.foreign_ranks import RANKS
from tests.helpers.foreign_run import (
    BATCHES,
    PER_EPOCH,
    STOP,
    Stream,
    by_huggingface,
    expected,
    pure_plan,
)

pytest.importorskip("transformers")
pytest.importorskip("accelerate")


@pytest.mark.parametrize(
    "options",
    [{"give_batch": False}, {"workers": 2, "eval_strategy": "epoch"}, {"accumulate": 4}],
    ids=str,
)
def test_the_stream_is_the_plan(options: dict[str, Any], tmp_path: Path) -> None:
    assert by_huggingface(tmp_path, **options) == expected(pure_plan(), 0, 1)


def test_a_stopped_run_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    plan, folder = pure_plan(), tmp_path / f"checkpoint-{STOP}"
    first = by_huggingface(tmp_path, stop=STOP, workers=2)
    assert first == expected(plan, 0, 1, 0, STOP)
    rest = by_huggingface(tmp_path, resume=str(folder), give_batch=False)
    assert rest == expected(plan, 0, 1, STOP)
    # Told not to skip, the Trainer begins the epoch anew and takes the steps that are left.
    again = by_huggingface(tmp_path, resume=str(folder), ignore_data_skip=True)
    assert again == expected(plan, 0, 1, PER_EPOCH, PER_EPOCH + BATCHES - STOP)


def test_two_ranks_share_the_batches_of_the_plan(ranks_told: dict[str, list[Stream]]) -> None:
    plan = pure_plan()
    for rank in range(RANKS):
        assert ranks_told["huggingface first"][rank] == expected(plan, rank, RANKS, 0, STOP)
        assert ranks_told["huggingface rest"][rank] == expected(plan, rank, RANKS, STOP)
        assert ranks_told["huggingface accumulated"][rank] == expected(plan, rank, RANKS)


def test_under_accumulation_the_batch_must_be_given(tmp_path: Path) -> None:
    with pytest.raises(TrainerError, match=r"`batch` must be given.*SA635"):
        by_huggingface(tmp_path, accumulate=2, give_batch=False)
