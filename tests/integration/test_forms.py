"""Where the loader and the callback come from, and what the loader is like: the stream stays the planned one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import LightningDataModule
from torch.utils.data import DataLoader, get_worker_info

import lightning_synthaug as sa
from lightning_synthaug.errors import TrainerError
from tests.helpers.plans import plan_of
from tests.helpers.recorder import recorder, saver, trainer
from tests.helpers.traced import Tracer, planned, read, streams_equal, traced_dataset

SIZE, BATCH, BATCHES = 45, 8, 18
RAMP = sa.Linear(0.0, 0.8, over="60%")


def loader(**options: Any) -> DataLoader[Any]:
    return DataLoader(traced_dataset(SIZE), BATCH, **({"shuffle": True} | options))


def ramp(folder: Path) -> Any:
    return sa.SynthAug(Tracer(), RAMP, seed=3, cache=folder / "cache")


@pytest.mark.case(4)
def test_the_models_own_loader(tmp_path: Path) -> None:
    model, aug = recorder(), ramp(tmp_path)
    model.train_dataloader = loader
    trainer(max_epochs=3, callbacks=[aug]).fit(model)
    assert list(model.seen) == list(range(BATCHES))
    assert streams_equal(model.seen, plan_of(aug.recipe, BATCHES))


class Early(LightningDataModule):
    """Asks for the number of steps before callbacks are set up."""

    steps: float | None = None

    def setup(self, stage: str) -> None:
        self.steps = self.trainer.estimated_stepping_batches

    def train_dataloader(self) -> DataLoader[Any]:
        return loader()


def from_setup(model: Any) -> None:
    def setup(stage: str) -> None:
        model.steps = model.trainer.estimated_stepping_batches

    model.setup = setup


def from_optimizers(model: Any) -> None:
    configure = model.configure_optimizers

    def configure_optimizers() -> Any:
        model.trainer.fit_loop.setup_data()
        model.steps = model.trainer.num_training_batches * 3
        return configure()

    model.configure_optimizers = configure_optimizers


@pytest.mark.parametrize(
    "asks",
    [
        pytest.param(None, marks=pytest.mark.case(11), id="datamodule"),
        pytest.param(from_setup, marks=pytest.mark.case(12), id="model"),
        pytest.param(from_optimizers, marks=pytest.mark.case(13), id="optimizers"),
    ],
)
def test_a_loader_that_is_asked_for_early(
    tmp_path: Path, asks: Callable[[Any], None] | None
) -> None:
    streams = []
    for resume in (None, tmp_path / "step=8.ckpt"):
        model, aug, data = recorder(), ramp(tmp_path), Early()
        run = trainer(max_epochs=3, callbacks=[aug, saver(tmp_path, 8)])
        if asks is None:
            run.fit(model, data, ckpt_path=resume)
        else:
            asks(model)
            run.fit(model, loader(), ckpt_path=resume)
        assert (data.steps if asks is None else model.steps) == BATCHES
        streams.append(model.seen)
    whole, rest = streams
    assert list(whole) == list(range(BATCHES))
    assert streams_equal(whole, plan_of(aug.recipe, BATCHES))
    assert rest == {n: rows for n, rows in whole.items() if n >= 8}


class Tagged(DataLoader[Any]):
    """A subclass that takes an argument of its own."""

    def __init__(self, tag: str, dataset: Any, **options: Any) -> None:
        super().__init__(dataset, **options)
        self.tag = tag


class Init:
    """Writes down in which process, beside which dataset, it was called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, worker: int) -> None:
        info = get_worker_info()
        assert info is not None
        (self.folder / f"worker{worker}").write_text(type(info.dataset).__name__)


def pairs(items: list[Any]) -> tuple[torch.Tensor, torch.Tensor]:
    """A collate function whose batch is a tuple, which torch's never is."""
    images, labels = zip(*items, strict=True)
    return torch.stack(images), torch.stack(labels)


@pytest.mark.case(17)
@pytest.mark.parametrize("workers", [0, 2])
def test_a_loader_with_settings_of_its_own(tmp_path: Path, workers: int) -> None:
    model, aug = recorder(), ramp(tmp_path)
    kinds = set()
    step = model.training_step
    model.training_step = lambda batch, batch_idx: kinds.add(type(batch)) or step(batch, batch_idx)
    options = {
        "batch_size": BATCH,
        "shuffle": True,
        "generator": torch.Generator().manual_seed(4),
        "collate_fn": pairs,
        "worker_init_fn": Init(tmp_path),
        "num_workers": workers,
    }
    users = Tagged("mine", traced_dataset(SIZE), **options)
    trainer(max_epochs=3, callbacks=[aug]).fit(model, users)
    assert kinds == {tuple}
    assert list(model.seen) == list(range(BATCHES))
    assert streams_equal(model.seen, plan_of(aug.recipe, BATCHES))
    told = {path.name: path.read_text() for path in tmp_path.glob("worker*")}
    assert told == {f"worker{n}": "TensorDataset" for n in range(workers)}


@pytest.mark.case(33)
def test_two_callbacks_are_refused(tmp_path: Path) -> None:
    """By Lightning, with the name of the class; by us where one of them comes with the DataModule."""
    with pytest.raises(RuntimeError, match="more than one stateful callback of type `SynthAug`"):
        trainer(callbacks=[ramp(tmp_path), ramp(tmp_path)])
    inner = LightningDataModule.from_datasets(traced_dataset(SIZE), batch_size=BATCH)
    data = sa.SynthAugDataModule(inner, Tracer(), RAMP, cache=tmp_path)
    with pytest.raises(TrainerError, match=r"mixed already.*SA704"):
        trainer(max_epochs=1, callbacks=[ramp(tmp_path)]).fit(recorder(), data)


@pytest.mark.case(34)
def test_the_model_may_bring_the_callback(tmp_path: Path) -> None:
    model, aug = recorder(), ramp(tmp_path)
    model.configure_callbacks = lambda: [aug]
    trainer(max_epochs=3).fit(model, loader())
    assert list(model.seen) == list(range(BATCHES))
    assert streams_equal(model.seen, plan_of(aug.recipe, BATCHES))


@pytest.mark.case(35)
def test_one_list_of_callbacks_in_two_trainers(tmp_path: Path) -> None:
    callbacks = [ramp(tmp_path)]
    streams = []
    for _ in range(2):
        model = recorder()
        trainer(max_epochs=3, callbacks=callbacks).fit(model, loader())
        streams.append(model.seen)
    assert streams[0] == streams[1]
    assert len(callbacks) == 1


class Batches(type(recorder())):  # type: ignore[misc]
    """Takes batches in any form."""

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        images = batch
        if isinstance(batch, dict):
            images = batch["image"]
        elif isinstance(batch, (list, tuple)):
            images = batch[0]
        self.kind = type(batch)
        self.seen[sa.batch_info(self).number] = read(images)
        return self.layer(images.flatten(1) / 255).sum()


@pytest.mark.case(61)
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize(
    ("form", "kind"),
    [
        (lambda image, label: image, torch.Tensor),
        (lambda image, label: (image, label), list),  # as torch's own collate function returns it
        (lambda image, label: {"image": image, "label": label}, dict),
    ],
    ids=["tensor", "tuple", "dict"],
)
def test_batches_of_any_form(tmp_path: Path, form: Any, kind: type, workers: int) -> None:
    real, made = (
        [form(*traced_dataset(size, source=source)[i]) for i in range(size)]
        for size, source in ((SIZE, 0), (20, 1))
    )
    aug, model = sa.SynthAug(made, 0.5), Batches()
    plans = []
    model.on_train_end = lambda: plans.append(aug.feed.plan)
    users = DataLoader(real, BATCH, num_workers=workers)
    trainer(max_epochs=2, callbacks=[aug]).fit(model, users)
    assert model.kind is kind
    assert list(model.seen) == list(range(12))
    # The plan does not know the labels here: source and index tell the samples.
    got = {n: [(s.source, s.index) for s in rows] for n, rows in model.seen.items()}
    assert got == {n: [(s.source, s.index) for s in planned(plans[0], n)] for n in range(12)}
    assert sum(s.source for rows in model.seen.values() for s in rows) == SIZE
