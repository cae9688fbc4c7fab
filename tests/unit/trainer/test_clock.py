from __future__ import annotations

from typing import Any

import pytest

from lightning_synthaug.trainer.clock import TrainerProgress
from tests.helpers.recorder import trainer


def clock(
    *, batches: float = float("inf"), done: int = 0, steps: int = 0, **options: Any
) -> TrainerProgress:
    run = trainer(**options)
    run.fit_loop.max_batches = batches
    run.fit_loop.epoch_loop.batch_progress.total.processed = done
    optimizer = run.fit_loop.epoch_loop.automatic_optimization.optim_progress.optimizer
    optimizer.step.total.completed = steps
    return TrainerProgress(run)


@pytest.mark.parametrize(
    ("options", "total"),
    [
        ({"max_epochs": 3}, 18),
        ({"max_epochs": 3, "batches": 4}, 12),
        ({"max_epochs": -1, "max_steps": 10}, 10),
        ({"max_epochs": 1, "max_steps": 10}, 6),
        # Four steps an epoch of seven batches, the last one of a single batch.
        ({"max_epochs": -1, "max_steps": 6, "accumulate_grad_batches": 2, "batches": 5}, 10),
        ({"max_epochs": -1, "max_steps": 7, "accumulate_grad_batches": 2, "batches": 5}, 12),
        ({"max_epochs": -1, "max_time": "00:00:01:00"}, None),
    ],
)
def test_the_total_is_where_the_trainer_stops(options: dict[str, Any], total: int | None) -> None:
    assert clock(**options).total(6) == total


def test_the_next_pass_ends_with_the_run() -> None:
    assert clock(max_epochs=3, done=0).coming(6) == 6
    assert clock(max_epochs=-1, max_steps=8, steps=6).coming(6) == 2
    assert clock(max_epochs=-1, max_steps=8, steps=8).coming(6) == 1
    assert clock(max_epochs=-1, max_steps=8, steps=7, accumulate_grad_batches=4).coming(6) == 4
    # Past epochs may have been longer: what was processed says nothing on what an epoch limit leaves.
    assert clock(max_epochs=4, done=20).coming(4) == 4
    assert clock(max_epochs=-1, max_time="00:00:01:00").coming(6) == 6
    assert clock(max_epochs=3, done=9).done() == 9


def test_a_loader_without_a_length_has_epochs_as_the_trainer_limits_them() -> None:
    assert clock(max_epochs=3).epoch(None) is None
    assert clock(max_epochs=3, batches=4).epoch(None) == 4
    assert clock(max_epochs=3, batches=4).epoch(6) == 4
    assert clock(max_epochs=3).total(0) is None
    assert clock(max_epochs=3, max_steps=9).total(0) == 9
    assert clock(max_epochs=3, max_steps=9, accumulate_grad_batches=2).total(0) == 18


def test_the_clock_of_a_checkpoint_counts_while_it_is_being_restored() -> None:
    progress = clock(max_epochs=3, done=0)
    connector = progress._trainer._checkpoint_connector
    counts = {"epoch_loop.batch_progress": {"total": {"processed": 5}}}
    connector._loaded_checkpoint = {"loops": {"fit_loop": counts}}
    assert progress.done() == 5
    connector._loaded_checkpoint = {"state_dict": {}}  # of weights only
    assert progress.done() == 0


def test_the_middle_of_an_epoch_is_known() -> None:
    for batches, begun, within in (
        (6, 0, False), (6, 4, True), (6, 6, False), (4, 4, False), (float("inf"), 9, True),
    ):  # fmt: skip
        progress = clock(max_epochs=3, batches=batches)
        progress._trainer.fit_loop.epoch_loop.batch_progress.current.processed = begun
        assert progress.within(6) is within
        assert progress.amid() is (begun > 0)
    counts = {"epoch_loop.batch_progress": {"total": {"processed": 5}, "current": {"processed": 2}}}
    progress._trainer._checkpoint_connector._loaded_checkpoint = {"loops": {"fit_loop": counts}}
    assert (progress.done(), progress.within(6)) == (5, True)
