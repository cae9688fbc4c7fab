from __future__ import annotations

import warnings
from typing import Any

import lightning.pytorch as pl
import pytest

from lightning_synthaug.errors import DataError, TrainerError
from lightning_synthaug.trainer.hooks import (
    LoaderSwap,
    QuietResume,
    TrainerProgress,
    refuse_iterator_steps,
)
from lightning_synthaug.trainer.refused import Refused
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


def test_the_swap_wraps_what_lightning_asks_for_and_is_undone() -> None:
    run = trainer(max_epochs=1)
    source = run.fit_loop._data_source
    source.instance = [1, 2]
    run.fit_loop._combined_loader = object()
    swap = LoaderSwap(run, lambda loader: ("wrapped", loader))
    assert run.fit_loop._combined_loader is None
    assert isinstance(run.fit_loop._data_source, type(source))
    assert run.fit_loop._data_source.dataloader() == ("wrapped", [1, 2])
    swap.undo()
    swap.undo()
    assert run.fit_loop._data_source is source


def test_undoing_leaves_a_later_swap_alone() -> None:
    run = trainer(max_epochs=1)
    first = LoaderSwap(run, lambda loader: loader)
    second = LoaderSwap(run, lambda loader: loader)
    later = run.fit_loop._data_source
    first.undo()
    assert run.fit_loop._data_source is later
    second.undo()


def test_errors_are_put_off_until_the_loader_is_looked_at() -> None:
    run = trainer(max_epochs=1)
    run.fit_loop._data_source.instance = [1]

    def refuse(loader: Any) -> Any:
        raise DataError("SA603", "No.")

    swap = LoaderSwap(run, refuse)
    refused = run.fit_loop._data_source.dataloader()
    assert isinstance(refused, Refused)
    with pytest.raises(DataError, match="SA603"):
        iter(refused)
    swap.undo()


@pytest.mark.parametrize("thing", [object(), None, type("Trainer", (), {"fit_loop": object()})()])
def test_what_is_no_trainer_of_a_known_version_is_refused(thing: Any) -> None:
    with pytest.raises(TrainerError, match=r"supported version \(>=2.1.*got .*SA701"):
        LoaderSwap(thing, lambda loader: loader)


def test_the_warning_about_resuming_is_heard_again_afterwards() -> None:
    text = "You're resuming from a checkpoint that ended before the epoch ended and your dataloader"
    before = list(warnings.filters)
    quiet = QuietResume()
    warnings.warn(text, UserWarning, stacklevel=1)
    quiet.undo()
    quiet.undo()
    assert list(warnings.filters) == before
    with pytest.warns(UserWarning, match="resuming"):
        warnings.warn(text, UserWarning, stacklevel=1)


def test_a_step_that_takes_the_iterator_is_refused() -> None:
    class Iterating(pl.LightningModule):
        def training_step(self, dataloader_iter: Any) -> None: ...

    class Usual(pl.LightningModule):
        def training_step(self, batch: Any, batch_idx: int) -> None: ...

    refuse_iterator_steps(Usual())
    refuse_iterator_steps(object())
    with pytest.raises(TrainerError, match=r"`dataloader_iter` in Iterating.*SA702"):
        refuse_iterator_steps(Iterating())
