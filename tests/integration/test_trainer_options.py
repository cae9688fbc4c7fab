"""Options of the trainer that change how much, how often or in which order it trains."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import LightningDataModule, seed_everything
from lightning.pytorch.callbacks import BatchSizeFinder, EarlyStopping, LearningRateFinder
from lightning.pytorch.tuner import Tuner
from lightning.pytorch.utilities.exceptions import MisconfigurationException
from torch.utils.data import DataLoader

import lightning_synthaug as sa
from lightning_synthaug.errors import PlanError
from tests.helpers.plans import plan_of
from tests.helpers.recorder import lightning_version, recorder, saver, trainer
from tests.helpers.traced import Tracer, planned, read, streams_equal, traced_dataset

SIZE, BATCH = 45, 8  # six batches an epoch
RAMP = sa.Linear(0.0, 0.8, over="60%")


def loader(batch: int = BATCH, **options: Any) -> DataLoader[Any]:
    return DataLoader(traced_dataset(SIZE), batch, **({"shuffle": True} | options))


def ramp(folder: Path) -> Any:
    return sa.SynthAug(Tracer(), RAMP, seed=3, cache=folder / "cache")


def check(model: Any, aug: Any, batches: int, total: int | None = None) -> None:
    """`total` batches were planned for, and the first ones delivered."""
    assert list(model.seen) == list(range(batches))
    assert streams_equal(model.seen, plan_of(aug.recipe, total or batches))


@pytest.mark.case(36)
def test_a_share_of_the_batches_and_none(tmp_path: Path) -> None:
    """What an epoch leaves comes in the next one: the plan walks on through the data."""
    model, aug = recorder(), ramp(tmp_path)
    trainer(max_epochs=4, limit_train_batches=0.5, callbacks=[aug]).fit(model, loader())
    check(model, aug, 12)
    none = recorder()
    run = trainer(max_epochs=4, limit_train_batches=0, callbacks=[aug])
    source = run.fit_loop._data_source
    run.fit(none, loader())
    assert none.seen == {}
    assert run.fit_loop._data_source is source


class Two(type(recorder())):  # type: ignore[misc]
    """Steps two optimizers in each batch."""

    def __init__(self) -> None:
        super().__init__()
        self.automatic_optimization = False

    def training_step(self, batch: Any, batch_idx: int) -> None:
        loss = super().training_step(batch, batch_idx)
        self.manual_backward(loss)
        for optimizer in self.optimizers():
            optimizer.step()

    def configure_optimizers(self) -> Any:
        return [torch.optim.SGD(self.parameters(), lr=0.01) for _ in range(2)]


@pytest.mark.case(39)
def test_manual_optimization_with_two_optimizers(tmp_path: Path) -> None:
    """A batch is two steps there, and the clock counts batches."""
    model, aug, rest = Two(), ramp(tmp_path), Two()
    run = trainer(max_epochs=3, callbacks=[aug, saver(tmp_path, 16)])
    run.fit(model, loader())
    check(model, aug, 18)
    run = trainer(max_epochs=3, callbacks=[ramp(tmp_path)])
    run.fit(rest, loader(), ckpt_path=tmp_path / "step=16.ckpt")
    assert rest.seen == {n: rows for n, rows in model.seen.items() if n >= 8}


@pytest.mark.case(39)
def test_steps_by_hand_do_not_tell_the_end(tmp_path: Path) -> None:
    run = trainer(max_epochs=-1, max_steps=20, callbacks=[ramp(tmp_path)])
    with pytest.raises(PlanError, match=r"manual optimization, .* any number of steps.*SA106"):
        run.fit(Two(), loader())


@pytest.mark.case(43)
@pytest.mark.parametrize("interval", [4, 0.5, "00:00:00:01"])
def test_validation_amid_an_epoch(tmp_path: Path, interval: Any) -> None:
    model, aug = recorder(validating=True), ramp(tmp_path)
    try:
        run = trainer(max_epochs=3, callbacks=[aug], val_check_interval=interval)
    except (TypeError, MisconfigurationException, ValueError):
        assert isinstance(interval, str)
        pytest.skip("this version of Lightning has no interval by time")
    run.fit(model, loader(), DataLoader(traced_dataset(4), 4))
    check(model, aug, 18)
    assert {s.source for s in model.validated} == {0}


@pytest.mark.case(44)
def test_an_epoch_that_the_model_skips_the_rest_of(tmp_path: Path) -> None:
    """The batch that was fetched counts; epochs of the data and of the trainer drift apart from here."""
    model, aug = recorder(), ramp(tmp_path)

    def on_train_batch_start(batch: Any, batch_idx: int) -> int | None:
        return -1 if model.trainer.current_epoch == 0 and batch_idx == 2 else None

    model.on_train_batch_start = on_train_batch_start
    trainer(max_epochs=3, callbacks=[aug]).fit(model, loader())
    plan = plan_of(aug.recipe, 18)
    assert list(model.seen) == [0, 1, *range(3, 15)]
    assert streams_equal(model.seen, plan)
    # The pass that was begun goes on: batches 3 to 5 are the rest of it, the last one short.
    assert [len(model.seen[n]) for n in range(3, 7)] == [8, 8, 5, 8]


@pytest.mark.case(45)
def test_stopping_early(tmp_path: Path) -> None:
    class Stuck(recorder().__class__):  # type: ignore[misc]
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            self.log("stuck", 1.0)
            return super().training_step(batch, batch_idx)

    model, aug = Stuck(), ramp(tmp_path)
    stop = EarlyStopping("stuck", patience=1, check_on_train_epoch_end=True)
    trainer(max_epochs=4, callbacks=[aug, stop]).fit(model, loader())
    check(model, aug, 12, total=24)


class Tried(type(recorder())):  # type: ignore[misc]
    """A model for tuners: what a trial was trained on is forgotten when the run begins."""

    lr = 0.01

    def on_train_start(self) -> None:
        self.seen.clear()

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        if self.trainer.callbacks:
            return super().training_step(batch, batch_idx)
        return self.layer.weight.sum() * 1e-3

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=self.lr)


@pytest.mark.case(47)
def test_a_learning_rate_found_by_a_callback(tmp_path: Path) -> None:
    model, aug = Tried(), ramp(tmp_path)
    finder = LearningRateFinder(num_training_steps=8, update_attr=False)
    run = trainer(max_epochs=3, callbacks=[finder, aug], default_root_dir=tmp_path)
    run.fit(model, loader())
    # Before Lightning 2.5.3 the epoch that the finder ran in counts as one.
    check(model, aug, 18 if lightning_version() >= (2, 5, 3) else 12, 18)


@pytest.mark.case(48)
def test_a_batch_size_found_by_a_callback(tmp_path: Path) -> None:
    class Sized(LightningDataModule):
        batch_size = 2

        def train_dataloader(self) -> DataLoader[Any]:
            return loader(self.batch_size)

    inner, model = Sized(), Tried()
    data = sa.SynthAugDataModule(inner, Tracer(), RAMP, seed=3, cache=tmp_path / "cache")
    # Lightning before 2.6 doubles it once more.
    first = 4 if lightning_version() >= (2, 6) else 2
    finder = BatchSizeFinder(max_trials=2, steps_per_trial=1, init_val=first)
    run = trainer(max_epochs=2, callbacks=[finder], default_root_dir=tmp_path)
    run.fit(model, datamodule=data)
    assert inner.batch_size == 8
    check(model, data, 12)


@pytest.mark.case(48)
def test_the_size_of_a_loader_given_directly_is_lightnings_own_error(tmp_path: Path) -> None:
    run = trainer(max_epochs=1, callbacks=[ramp(tmp_path)], default_root_dir=tmp_path)
    with pytest.raises(MisconfigurationException, match="cannot be used with"):
        Tuner(run).scale_batch_size(Tried(), loader())


@pytest.mark.case(60)
def test_seeding_everything_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", os.environ.copy())
    for seed, workers in (None, 0), (1, 2), (2, 0):
        if seed is not None:
            seed_everything(seed, workers=True)
        model, aug = recorder(), ramp(tmp_path)
        trainer(max_epochs=3, callbacks=[aug]).fit(model, loader(num_workers=workers))
        check(model, aug, 18)


class Pairs(type(recorder())):  # type: ignore[misc]
    """Trained on two loaders; writes down what each gave."""

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        mine, other = batch
        self.seen[len(self.seen)] = [read(mine[0]), read(other[0])]
        return self.layer.weight.sum()


@pytest.mark.case(24)
@pytest.mark.filterwarnings("ignore:You requested to overfit but enabled")
def test_overfitting_beside_a_shuffled_loader(tmp_path: Path) -> None:
    """Lightning then makes every loader anew; the plan is found through the dataset."""
    model, plans = Pairs(), []
    aug = sa.SynthAug(Tracer(), 0.25, cache=tmp_path, target=0)
    model.on_train_end = lambda: plans.append(aug.feed.plan)
    other = DataLoader(traced_dataset(60, source=7), BATCH, shuffle=True)
    run = trainer(max_epochs=2, callbacks=[aug], overfit_batches=3)
    run.fit(model, [loader(), other])
    assert [mine for mine, _ in model.seen.values()] == [planned(plans[0], n) for n in range(6)]
    real = {s.index for mine, _ in model.seen.values() for s in mine if not s.source}
    assert real <= set(range(3 * BATCH))
    others = [sample.index for _, rows in model.seen.values() for sample in rows]
    assert others == 2 * list(range(3 * BATCH))
