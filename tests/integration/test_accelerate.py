"""`sa.mix` over a loader that accelerate prepared: the delivered stream is the plan, in one process and in two."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import lightning_synthaug as sa
from lightning_synthaug.errors import DataError, TrainerError
from tests.helpers.foreign_ranks import RANKS
from tests.helpers.foreign_run import (
    BATCH,
    PER_EPOCH,
    STOP,
    Stream,
    by_accelerate,
    expected,
    mixed,
    pure_plan,
    user_loader,
)
from tests.helpers.traced import read

pytest.importorskip("accelerate")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"workers": 2},
        {"split": True},
        {"accumulate": 4},
        {"even_batches": False, "use_seedable_sampler": True},
    ],
    ids=str,
)
def test_the_stream_is_the_plan(options: dict[str, Any], tmp_path: Path) -> None:
    assert by_accelerate(tmp_path, **options) == expected(pure_plan(), 0, 1)


def test_a_stopped_loop_goes_on_from_either_kind_of_state(tmp_path: Path) -> None:
    plan = pure_plan()
    assert by_accelerate(tmp_path, stop=STOP, workers=2) == expected(plan, 0, 1, 0, STOP)
    assert by_accelerate(tmp_path, resume="state") == expected(plan, 0, 1, STOP)
    assert by_accelerate(tmp_path, resume="skip") == expected(plan, 0, 1, STOP)


def test_two_ranks_share_the_batches_of_the_plan(ranks_told: dict[str, list[Stream]]) -> None:
    plan = pure_plan()
    for rank in range(RANKS):
        assert ranks_told["accelerate first"][rank] == expected(plan, rank, RANKS, 0, STOP)
        for resumed in ("accelerate state", "accelerate skip"):
            assert ranks_told[resumed][rank] == expected(plan, rank, RANKS, STOP)
        assert ranks_told["accelerate split"][rank] == expected(plan, rank, RANKS)


def prepared(loader: Any, **config: Any) -> Any:
    from accelerate import Accelerator, DataLoaderConfiguration

    return Accelerator(cpu=True, dataloader_config=DataLoaderConfiguration(**config)).prepare(
        loader
    )


def test_a_mixed_loader_is_not_prepared() -> None:
    with pytest.raises(TrainerError, match=r"before it is mixed.*accelerator\.prepare.*SA631"):
        prepared(mixed(user_loader(BATCH, 0)))


def test_dispatched_batches_are_refused() -> None:
    with pytest.raises(TrainerError, match=r"dispatch_batches=True.*SA633"):
        mixed(prepared(user_loader(BATCH, 0), dispatch_batches=True))


def test_what_cannot_be_mixed_is_still_refused() -> None:
    with pytest.raises(DataError, match="SA602"):
        mixed(prepared(user_loader(1, 0, shuffle=False, batch_sampler=[[0, 1], [2]])))


@pytest.mark.parametrize("process", [0, 1])
def test_batches_dealt_out_once_more_are_refused(process: int) -> None:
    """What the function behind `prepare` does to a loader that it is given a second time."""
    from accelerate.data_loader import prepare_data_loader

    loader = mixed(prepared(user_loader(BATCH, 0)))
    again = prepare_data_loader(loader, num_processes=2, process_index=process)
    with pytest.raises(TrainerError, match=r"all batches of its mixed loader in order.*SA632"):
        list(again)


def test_skipping_on_top_of_a_restored_position_is_refused() -> None:
    from accelerate import skip_first_batches

    loader = mixed(prepared(user_loader(BATCH, 0)))
    loader.load_state_dict({"batches": PER_EPOCH + 2})
    with pytest.raises(TrainerError, match=r"batch 2 of its epoch, of which 1 more.*SA634"):
        next(iter(skip_first_batches(loader, 1)))


def test_skipping_in_a_loader_that_was_not_prepared_is_refused() -> None:
    from accelerate import skip_first_batches

    loader = mixed(user_loader(BATCH, 0))
    with pytest.raises(TrainerError, match=r"must be iterated itself.*SA632"):
        next(iter(skip_first_batches(loader, 1)))


def test_a_batch_is_known_again_among_several() -> None:
    """Whatever takes batches in advance, each says its own make-up, also as a copy."""
    loader = mixed(prepared(user_loader(BATCH, 0)))
    batches = list(loader)
    for number, (images, labels) in enumerate(batches):
        for batch in ((images, labels), images, {"x": images.clone(), "y": labels}):
            info = sa.batch_info(loader, batch)
            assert info.number == number
            assert info.is_synthetic.tolist() == [s.source > 0 for s in read(images)]
    for other in (images + 1, (batches[0][0], batches[1][0]), "nothing"):
        with pytest.raises(TrainerError, match=r"as the mixed loader handed them over.*SA635"):
            sa.batch_info(loader, other)


def test_under_accumulation_the_batch_must_be_given() -> None:
    from accelerate.state import GradientState

    loader = mixed(prepared(user_loader(BATCH, 0)))
    (batch, *_) = loader
    state = GradientState()
    state._set_sync_gradients(False)
    try:
        with pytest.raises(TrainerError, match=r"`batch` must be given.*SA635"):
            sa.batch_info(loader)
        assert sa.batch_info(loader, batch).number == 0
    finally:
        state._set_sync_gradients(True)
