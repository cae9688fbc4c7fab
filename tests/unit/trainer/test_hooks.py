from __future__ import annotations

import warnings
from functools import reduce
from typing import Any

import lightning.pytorch as pl
import pytest

from lightning_synthaug.errors import DataError, TrainerError
from lightning_synthaug.mixing import Recipe
from lightning_synthaug.trainer.hooks import (
    NEEDED,
    LoaderSwap,
    QuietResume,
    check_names,
    refuse_iterator_steps,
)
from lightning_synthaug.trainer.refused import Refused
from lightning_synthaug.trainer.session import FitSession
from tests.helpers.recorder import recorder, trainer
from tests.helpers.traced import traced_dataset


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


@pytest.mark.parametrize("path", NEEDED)
def test_each_name_that_lightning_may_drop_is_missed_by_name(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trainer(max_epochs=1)
    check_names(run)
    *parents, last = path.split(".")
    owner: Any = reduce(getattr, parents, run)
    for home in (owner, *type(owner).__mro__):
        if last in vars(home):
            monkeypatch.delattr(home, last)
    recipe = Recipe(source=traced_dataset(9, source=1), ratio=0.5)
    with pytest.raises(TrainerError) as caught:
        FitSession(recipe, run, recorder())
    assert caught.value.code == "SA701"
    assert f"{pl.__version__} without `{path}`" in str(caught.value)
    assert ">=2.1" in str(caught.value)


def test_a_property_is_looked_for_but_not_read() -> None:
    run = trainer(max_epochs=1)
    # A strategy over several axes only knows its ranks once its processes have met.
    kind = type("Early", (type(run),), {"distributed_sampler_kwargs": property(lambda _: 1 // 0)})
    run.__class__ = kind
    check_names(run)


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
