"""What happens to a batch between loader and training step, and what a wrapped DataModule is to a trainer."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import pytest
from lightning.pytorch import LightningDataModule
from lightning.pytorch.utilities.model_helpers import is_overridden
from torch.utils.data import DataLoader

import lightning_synthaug as sa
from tests.helpers.plans import plan_of
from tests.helpers.recorder import recorder, trainer
from tests.helpers.traced import Tracer, streams_equal, traced_dataset

SIZE, BATCH = 45, 8
RAMP = sa.Linear(0.0, 0.8, over="60%")


def loader() -> DataLoader[Any]:
    return DataLoader(traced_dataset(SIZE), BATCH, shuffle=True)


class Moving(LightningDataModule):
    """Takes note of every batch that comes to the device."""

    def __init__(self) -> None:
        super().__init__()
        self.moved = 0

    def train_dataloader(self) -> DataLoader[Any]:
        return loader()

    def on_after_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
        self.moved += 1
        return batch


@pytest.mark.case(62)
@pytest.mark.filterwarnings("ignore:You have overridden `on_after_batch_transfer` in")
@pytest.mark.parametrize("wrapped", [False, True])
def test_the_datamodules_transfer_hook_counts_as_without_the_plugin(
    tmp_path: Path, wrapped: bool
) -> None:
    """Where both have one, Lightning leaves the model's out, and says so once."""
    inner, model, moved = Moving(), recorder(), []
    model.on_after_batch_transfer = lambda batch, dataloader_idx: moved.append(1) or batch
    aug = sa.SynthAug(Tracer(), RAMP, cache=tmp_path)
    data = sa.SynthAugDataModule(inner, Tracer(), RAMP, cache=tmp_path) if wrapped else inner
    run = trainer(max_epochs=2, callbacks=[] if wrapped else [aug])
    run.fit(model, datamodule=data)
    assert (inner.moved, moved) == (12, [])
    assert streams_equal(model.seen, plan_of(aug.recipe, 12))
    assert len(model.seen) == 12
    alone, model = Moving(), recorder()
    alone.__class__ = type(
        "Plain", (LightningDataModule,), {"train_dataloader": Moving.train_dataloader}
    )
    model.on_after_batch_transfer = lambda batch, dataloader_idx: moved.append(1) or batch
    data = sa.SynthAugDataModule(alone, Tracer(), RAMP, cache=tmp_path) if wrapped else alone
    trainer(max_epochs=2, callbacks=[] if wrapped else [aug]).fit(model, datamodule=data)
    assert len(moved) == 12  # the model's own, where the DataModule has none


@pytest.mark.case(63)
def test_a_logged_mean_weighs_batches_as_before(tmp_path: Path) -> None:
    """The last batch of an epoch is short: its weight is inferred from what the batch holds."""

    class Logs(recorder().__class__):  # type: ignore[misc]
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            self.log("number", float(batch_idx), on_step=False, on_epoch=True)
            return self.layer(batch[0].flatten(1) / 255).sum()

    told = []
    for callbacks in [], [sa.SynthAug(Tracer(), 0.5, cache=tmp_path)]:
        run = trainer(max_epochs=1, callbacks=callbacks)
        run.fit(Logs(), loader())
        told.append(float(run.callback_metrics["number"]))
    assert told[0] == told[1] == pytest.approx((8 * (0 + 1 + 2 + 3 + 4) + 5 * 5) / 45)


class Full(LightningDataModule):
    """Reads its trainer while it makes the train loader, and has validation data."""

    def __init__(self, size: int = SIZE) -> None:
        super().__init__()
        self.save_hyperparameters()

    def train_dataloader(self) -> DataLoader[Any]:
        assert self.trainer.max_epochs == 2
        return DataLoader(traced_dataset(self.hparams.size), BATCH, shuffle=True)

    def val_dataloader(self) -> DataLoader[Any]:
        return DataLoader(traced_dataset(4), 4)


class OnlyTrain(LightningDataModule):
    def train_dataloader(self) -> DataLoader[Any]:
        return loader()


@pytest.mark.case(64)
@pytest.mark.parametrize("inner", [Full, OnlyTrain, Moving])
@pytest.mark.parametrize(
    "again",
    [lambda data: data, copy.deepcopy, lambda data: pickle.loads(pickle.dumps(data))],
    ids=["itself", "deepcopy", "pickle"],
)
def test_a_wrapped_datamodule_trains_and_looks_like_the_inner_one(
    tmp_path: Path, inner: Any, again: Any
) -> None:
    users = inner()
    data = again(sa.SynthAugDataModule(users, Tracer(), RAMP, cache=tmp_path))
    hooks = [name for name in dir(LightningDataModule) if not name.startswith("_")]
    for name in hooks:
        if callable(getattr(LightningDataModule, name)) and name not in (
            "setup",
            "teardown",
            "on_exception",
        ):
            assert is_overridden(name, data) == is_overridden(name, users), name
    assert data.hparams == users.hparams
    model = recorder(validating=True)
    run = trainer(max_epochs=2)
    if inner is Full:
        run.fit(model, datamodule=data)
        assert len(model.validated) == 2 * 4 + 4  # with the sanity check
    else:
        model = recorder()
        run.fit(model, datamodule=data)
    assert streams_equal(model.seen, plan_of(data.recipe, 12))
    assert len(model.seen) == 12
