"""A real fit delivers what the plan says: callback and DataModule, any number of workers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

import lightning_synthaug as sa
from lightning_synthaug.data import Record
from lightning_synthaug.generators import Generator, Rejection, Request
from lightning_synthaug.mixing import Mixture, Recipe
from lightning_synthaug.plan import Epoch, Linear, Plan
from tests.helpers.recorder import recorder, trainer
from tests.helpers.traced import Tracer, read, streams_equal, traced_dataset

SIZE, BATCH, EPOCHS = 45, 8, 3  # six batches an epoch, the last one short
RAMP = Linear(0.0, 0.8, over="60%")
WORKERS = [
    pytest.param({}, id="no-workers"),
    pytest.param({"num_workers": 2}, id="2-workers"),
    pytest.param({"num_workers": 2, "persistent_workers": True}, id="2-persistent-workers"),
]


def the_plan(recipe: Recipe, *, batches: int, shuffle: bool = True) -> Plan:
    epoch = Epoch(SIZE, BATCH)
    return Mixture(recipe, traced_dataset(SIZE)).compile(
        epoch, epoch.slot(batches), shuffle=shuffle
    )


def fit(model: Any, source: Any, loader: DataLoader[Any], **options: Any) -> None:
    """Fit through the callback."""
    aug = sa.SynthAug(source, RAMP, seed=3, **options)
    trainer(max_epochs=EPOCHS, callbacks=[aug]).fit(model, loader)


def fit_module(model: Any, source: Any, loader: DataLoader[Any], **options: Any) -> None:
    """Fit through the DataModule."""
    from lightning.pytorch import LightningDataModule

    class Inner(LightningDataModule):
        def train_dataloader(self) -> DataLoader[Any]:
            return loader

    data = sa.SynthAugDataModule(Inner(), source, RAMP, seed=3, **options)
    trainer(max_epochs=EPOCHS).fit(model, datamodule=data)


@pytest.mark.case(1, 2)
@pytest.mark.parametrize("through", [fit, fit_module])
@pytest.mark.parametrize("workers", WORKERS)
@pytest.mark.parametrize("kind", ["dataset", "generator"])
def test_the_delivered_stream_is_the_planned_one(
    tmp_path: Path, through: Any, workers: dict[str, Any], kind: str
) -> None:
    source = Tracer() if kind == "generator" else traced_dataset(20, source=1)
    options = {"cache": tmp_path} if kind == "generator" else {}
    model = recorder()
    loader = DataLoader(traced_dataset(SIZE), BATCH, shuffle=True, **workers)
    through(model, source, loader, **options)
    plan = the_plan(Recipe(source=source, ratio=RAMP, seed=3, **options), batches=18)
    assert list(model.seen) == list(range(6 * EPOCHS))
    assert streams_equal(model.seen, plan)
    served = sum(s.source for rows in model.seen.values() for s in rows)
    assert served == plan.knots.count(SIZE * EPOCHS) > 0


def test_several_sources_keep_their_shares(tmp_path: Path) -> None:
    sources = {"made": Tracer(1), "there": traced_dataset(30, source=2), "also": Tracer(3)}
    weights = {"made": 2, "there": 1, "also": 1}
    aug = sa.SynthAug(sources, 0.6, weights=weights, cache=tmp_path, seed=5)
    model = recorder()
    trainer(max_epochs=2, callbacks=[aug]).fit(model, DataLoader(traced_dataset(SIZE), BATCH))
    assert streams_equal(model.seen, the_plan(aug.recipe, batches=12, shuffle=False))
    counts = Counter(s.source for rows in model.seen.values() for s in rows)
    total = counts[1] + counts[2] + counts[3]
    assert total == int(0.6 * 2 * SIZE)
    assert all(abs(counts[s] - total * w / 4) < 2 for s, w in [(1, 2), (2, 1), (3, 1)])


@pytest.mark.parametrize("kind", ["dataset", "generator"])
def test_uniform_balance_levels_the_labels(tmp_path: Path, kind: str) -> None:
    source = Tracer() if kind == "generator" else traced_dataset(60, source=1)
    aug = sa.SynthAug(source, 0.5, balance="uniform", cache=tmp_path)
    model = recorder()
    trainer(max_epochs=4, callbacks=[aug]).fit(model, DataLoader(traced_dataset(SIZE), BATCH))
    counts = Counter(s.label for rows in model.seen.values() for s in rows)
    assert max(counts.values()) - min(counts.values()) <= 4 * 2, counts


def test_uniform_balance_reads_the_labels_of_a_plain_list() -> None:
    items = [traced_dataset(60, source=1)[i] for i in range(60)]
    aug = sa.SynthAug(items, 0.5, balance="uniform")
    model = recorder()
    trainer(max_epochs=1, callbacks=[aug]).fit(model, DataLoader(traced_dataset(SIZE), BATCH))
    assert streams_equal(model.seen, the_plan(aug.recipe, batches=6, shuffle=False))


@pytest.mark.parametrize("drop_last", [False, True])
def test_ratio_zero_is_the_plain_loader(drop_last: bool) -> None:
    loader = DataLoader(traced_dataset(SIZE), BATCH, shuffle=False, drop_last=drop_last)
    mixed = sa.mix(loader, traced_dataset(9, source=1), ratio=0.0)
    assert len(mixed) == len(loader)
    for _ in range(2):
        for plain, ours in zip(loader, mixed, strict=True):
            assert type(plain) is type(ours)
            assert all(torch.equal(a, b) for a, b in zip(plain, ours, strict=True))


@pytest.mark.case(36, 38, 41)
def test_limits_on_batches_and_accumulated_steps(tmp_path: Path) -> None:
    """Percentages are of what the trainer will really do."""
    aug = sa.SynthAug(Tracer(), RAMP, seed=3, cache=tmp_path)
    model = recorder()
    options = {
        "limit_train_batches": 5,
        "accumulate_grad_batches": 2,
        "max_steps": 7,
        "max_epochs": -1,
    }
    trainer(callbacks=[aug], **options).fit(
        model, DataLoader(traced_dataset(SIZE), BATCH, shuffle=True)
    )
    # Three steps take an epoch of five batches; the seventh takes two more.
    assert list(model.seen) == list(range(12))
    assert streams_equal(model.seen, the_plan(aug.recipe, batches=12))


@pytest.mark.case(25, 59)
def test_validation_and_test_loaders_stay_the_users() -> None:
    aug = sa.SynthAug(traced_dataset(20, source=1), 0.9)
    model = recorder(validating=True)
    train, val = DataLoader(traced_dataset(SIZE), BATCH), DataLoader(traced_dataset(10), 4)
    run = trainer(max_epochs=1, callbacks=[aug])
    run.fit(model, train, val)
    assert run.val_dataloaders is val
    run.validate(model, val)
    run.test(model, val)
    assert {s.source for s in model.validated} == {0}


@pytest.mark.case(24, 37)
def test_overfitting_and_a_fast_dev_run_go_through(tmp_path: Path) -> None:
    for options, batches in ({"overfit_batches": 2, "max_epochs": 2}, 4), ({"fast_dev_run": 2}, 2):
        model = recorder()
        aug = sa.SynthAug(Tracer(), 0.5, cache=tmp_path)
        loader = DataLoader(traced_dataset(SIZE), BATCH)
        trainer(callbacks=[aug], **options).fit(model, loader)
        assert list(model.seen) == list(range(batches))


class Inverted(Generator):
    """Conditioned on a real sample: its negative."""

    conditioning = "twin"

    def fingerprint(self) -> str:
        return "inverted"

    def generate(self, requests: Sequence[Request]) -> list[Record | Rejection]:
        twins = [r.twin for r in requests if r.twin is not None]
        return [twin.replace(image=255 - np.asarray(twin["image"])) for twin in twins]


@pytest.mark.parametrize("known", [True, False], ids=["labels-known", "labels-unknown"])
def test_a_variant_keeps_the_label_of_its_twin(tmp_path: Path, known: bool) -> None:
    """Also where the labels are within the items only, so that the plan does not know them."""
    tensors = traced_dataset(SIZE)
    data: Any = tensors if known else [tensors[i] for i in range(SIZE)]
    mixed = sa.mix(DataLoader(data, BATCH), Inverted(), 0.5, cache=tmp_path)
    for _ in range(2):
        for number, (images, labels) in enumerate(mixed):
            is_made = sa.batch_info(mixed).is_synthetic
            real = torch.where(is_made[:, None, None, None], 255 - images, images)
            rows = read(real)
            plan = mixed.feed.plan
            assert plan is not None
            assert [s.index for s in rows] == plan.batch(number).twin.tolist()
            assert [s.label for s in rows] == labels.tolist()
        mixed.load_state_dict({"batches": 0})
    assert mixed.feed.totals.served == 2 * (SIZE // 2)
