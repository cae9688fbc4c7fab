"""Wherever a run is saved, and whatever changes before it goes on, it goes on with the planned samples."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch.callbacks import Checkpoint, ModelCheckpoint, OnExceptionCheckpoint
from torch.utils.data import DataLoader

import lightning_synthaug as sa
from tests.helpers.recorder import of_the_run, recorder, saver, trainer
from tests.helpers.traced import Sample, Tracer, traced_dataset

SIZE, BATCH, BATCHES = 45, 8, 18
RAMP = sa.Linear(0.0, 0.8, over="60%")
Stream = dict[int, list[Sample]]
# Lightning's own, about its checkpoint callbacks and about the loader of a run without the plugin.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Be aware that when using `ckpt_path`"),
    pytest.mark.filterwarnings("ignore:.*found in the dirpath|Checkpoint directory:UserWarning"),
    pytest.mark.filterwarnings("ignore:`.fit.ckpt_path=None.` was called without a model"),
    pytest.mark.filterwarnings('ignore:.fit.ckpt_path="last". is set'),
    pytest.mark.filterwarnings("ignore:You're resuming from a checkpoint that ended"),
]


def fit(
    folder: Path,
    *callbacks: Any,
    resume: Path | None = None,
    model: Any = None,
    ratio: Any = RAMP,
    plugin: bool = True,
    workers: int = 0,
    **options: Any,
) -> Stream:
    """One run; the delivered stream."""
    model = model or recorder(validating=True)
    aug = sa.SynthAug(Tracer(), ratio, seed=3, cache=folder / "cache")
    train = DataLoader(traced_dataset(SIZE), BATCH, shuffle=True, num_workers=workers)
    run = trainer(
        callbacks=[*callbacks, *([aug] if plugin else [])],
        num_sanity_val_steps=0,
        enable_checkpointing=any(isinstance(callback, Checkpoint) for callback in callbacks),
        **({"max_epochs": 3} | options),
    )
    run.fit(model, train, DataLoader(traced_dataset(4), 4), ckpt_path=resume)
    seen: Stream = model.seen
    return seen


def rest(stream: Stream, start: int) -> Stream:
    return {n: rows for n, rows in stream.items() if n >= start}


@pytest.mark.case(26)
@pytest.mark.parametrize("limit", [{"max_epochs": 3}, {"max_epochs": -1, "max_steps": BATCHES}])
def test_every_save_point(tmp_path: Path, limit: dict[str, int]) -> None:
    """Amid an epoch, at its last batch, at its end, after a validation amid it and at its end, and by hand."""
    kept = {"dirpath": tmp_path, "save_top_k": -1, "auto_insert_metric_name": False}
    callbacks = [
        saver(tmp_path, 5),
        ModelCheckpoint(filename="every-{step}", every_n_train_steps=2, **kept),
        ModelCheckpoint(
            filename="epoch-{step}", save_on_train_epoch_end=True, every_n_epochs=2, **kept
        ),
        ModelCheckpoint(
            filename="validated-{step}", save_on_train_epoch_end=False, every_n_epochs=1, **kept
        ),
    ]
    options = {"val_check_interval": 3, **limit}
    whole = fit(tmp_path, *callbacks, **options)
    assert list(whole) == list(range(BATCHES))
    points = {"every-4": 4, "every-6": 6, "epoch-12": 12, "validated-3": 3, "validated-6": 6}
    points |= {"every-16": 16, "step=5": 5}
    for number, (name, start) in enumerate(points.items()):
        resumed = fit(
            tmp_path, resume=tmp_path / f"{name}.ckpt", workers=2 * (number == 2), **options
        )
        assert resumed == rest(whole, start), name


@pytest.mark.case(26, 57)
@pytest.mark.parametrize("limit", [{"max_epochs": 3}, {"max_epochs": -1, "max_steps": BATCHES}])
def test_what_is_saved_on_an_exception(tmp_path: Path, limit: dict[str, int]) -> None:
    """These callbacks come after the plugin has ended."""
    whole = fit(tmp_path, **limit)
    callbacks: list[Any] = [OnExceptionCheckpoint(tmp_path / "a", filename="broken")]
    if "save_on_exception" in inspect.signature(ModelCheckpoint).parameters:
        callbacks.append(
            ModelCheckpoint(tmp_path / "b", every_n_train_steps=1000, save_on_exception=True)
        )
    model = recorder(validating=True, stop_at=8, error=RuntimeError("mine"))
    with pytest.raises(RuntimeError, match="mine"):
        fit(tmp_path, *callbacks, model=model, **limit)
    saved = sorted(tmp_path.glob("[ab]/*.ckpt"))
    assert len(saved) == len(callbacks)
    for path in saved:
        assert fit(tmp_path, resume=path, **limit) == rest(whole, 8)


@pytest.mark.case(28)
def test_a_finished_run_has_nothing_left(tmp_path: Path) -> None:
    fit(tmp_path, saver(tmp_path, BATCHES))
    assert fit(tmp_path, resume=tmp_path / f"step={BATCHES}.ckpt") == {}


class Unwatched(type(recorder(validating=True))):  # type: ignore[misc]
    """The same model in a run without the plugin."""

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        self.seen[self.trainer.global_step] = []
        return self.layer.weight.sum() * 0.0


@pytest.mark.case(29)
def test_the_plugin_may_come_and_go_between_two_parts_of_a_run(tmp_path: Path) -> None:
    whole = fit(tmp_path, saver(tmp_path, 8))
    path = tmp_path / "step=8.ckpt"
    rest_without = fit(tmp_path, model=Unwatched(), plugin=False, resume=path)
    assert list(of_the_run(rest_without, BATCHES)) == list(range(8, BATCHES))
    without = tmp_path / "without"
    fit(without, saver(without, 8), model=Unwatched(), plugin=False)
    assert fit(tmp_path, resume=without / "step=8.ckpt") == rest(whole, 8)


@pytest.mark.case(30)
def test_a_schedule_in_epochs_lets_a_run_become_longer(tmp_path: Path) -> None:
    ramp = sa.Linear(0.0, 0.8, over="2ep")
    whole = fit(tmp_path, ratio=ramp)
    fit(tmp_path, saver(tmp_path, 4), ratio=ramp, max_epochs=1)
    longer = fit(tmp_path, resume=tmp_path / "step=4.ckpt", ratio=ramp, workers=2)
    assert longer == rest(whole, 4)


@pytest.mark.case(31)
def test_a_checkpoint_of_weights_only(tmp_path: Path) -> None:
    class Saves(recorder(validating=True).__class__):  # type: ignore[misc]
        def on_train_end(self) -> None:
            self.trainer.save_checkpoint(tmp_path / "weights.ckpt", weights_only=True)

    model = Saves()
    fit(tmp_path, model=model, max_epochs=1)
    path = tmp_path / "weights.ckpt"
    assert "callbacks" not in torch.load(path, weights_only=True)
    loaded = type(model).load_from_checkpoint(path)
    assert torch.equal(loaded.layer.weight, model.layer.weight)
    with pytest.raises(KeyError, match="contains only the model"):  # Lightning's own
        fit(tmp_path, resume=path)
