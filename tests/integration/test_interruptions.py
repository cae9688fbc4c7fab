"""Runs that are broken off from outside, or before they begin: nothing is left behind, and the next one works."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, LightningDataModule
from torch.utils.data import BatchSampler, DataLoader

import lightning_synthaug as sa
from lightning_synthaug.store import Store
from tests.helpers import ending_run
from tests.helpers.recorder import recorder, saver, trainer
from tests.helpers.traced import Tracer, traced_dataset

SIZE, BATCH = 45, 8


def loader() -> DataLoader[Any]:
    return DataLoader(traced_dataset(SIZE), BATCH, shuffle=True)


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int, list[dict[str, Any]]]:
    """The cache of a process with three bad ends, its exit status, and what it told."""
    folder = tmp_path_factory.mktemp("endings")
    env = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path]),
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, "-W", "ignore", ending_run.__file__, str(folder)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=240)
    assert (folder / "told.json").exists(), done.stderr
    return folder / "cache", done.returncode, json.loads((folder / "told.json").read_text())


@pytest.mark.case(53)
def test_an_error_in_a_forked_rank(ended: Any) -> None:
    broken, after = ended[2][0:2]
    assert "the rank's own" in broken["ended"]
    assert broken["restored"]
    assert after == {"ended": "", "restored": True, "batches": 12}


@pytest.mark.case(51)
def test_a_process_asked_to_terminate(ended: Any) -> None:
    broken, after = ended[2][2:4]
    assert broken["ended"].startswith("SIGTERMException")
    assert broken["restored"]
    assert broken["batches"] == 3  # Lightning ends after the batch
    assert after == {"ended": "", "restored": True, "batches": 12}


@pytest.mark.case(52)
def test_a_process_that_is_killed_leaves_a_cache_that_works(ended: Any) -> None:
    cache, status, told = ended
    assert status == -signal.SIGKILL
    assert len(told) == 4
    log = cache.parent / "made.log"
    model = recorder()
    aug = sa.SynthAug(Tracer(log=str(log)), 0.5, seed=3, cache=cache)
    trainer(max_epochs=2, callbacks=[aug]).fit(model, loader())
    assert len(model.seen) == 12
    assert not log.exists()  # everything was there
    with Store.open(cache) as store:
        assert store.verify() == []


@pytest.mark.case(54)
@pytest.mark.parametrize("stepping", [False, True])
def test_an_error_in_train_dataloader(tmp_path: Path, stepping: bool) -> None:
    class Broken(LightningDataModule):
        broken = True

        def train_dataloader(self) -> DataLoader[Any]:
            if self.broken:
                raise RuntimeError("mine")
            return loader()

    inits = [DataLoader.__init__, BatchSampler.__init__]
    aug, data = sa.SynthAug(Tracer(), 0.5, cache=tmp_path), Broken()
    run = trainer(max_epochs=1, callbacks=[aug])
    source = run.fit_loop._data_source
    with pytest.raises(RuntimeError, match="mine"):
        run.fit(recorder(stepping=stepping), data)
    assert run.fit_loop._data_source is source
    # Without the plugin, Lightning leaves both patched.
    assert [DataLoader.__init__, BatchSampler.__init__] == inits
    data.broken, model = False, recorder(stepping=stepping)
    trainer(max_epochs=1, callbacks=[aug]).fit(model, data)
    assert len(model.seen) == 6


@pytest.mark.case(55)
def test_ends_without_a_beginning(tmp_path: Path) -> None:
    aug, model, run = sa.SynthAug(Tracer(), 0.5, cache=tmp_path), recorder(), trainer(max_epochs=1)
    aug.teardown(run, model, "fit")
    aug.on_exception(run, model, RuntimeError())
    run.callbacks.insert(0, aug)
    run.fit(model, loader())
    aug.teardown(run, model, "fit")
    assert len(model.seen) == 6


@pytest.mark.case(56)
def test_a_checkpoint_in_a_signal_handler_waits_for_no_lock(tmp_path: Path) -> None:
    """As Lightning saves when SLURM takes the machine away, while another thread writes to the store."""
    aug, model = sa.SynthAug(Tracer(), 0.5, seed=3, cache=tmp_path / "cache"), recorder()
    held, saved = threading.Event(), threading.Event()
    step, told = model.training_step, []

    def hold(store: Any) -> None:
        session = store._session()
        with session._lock, session.index.lock:
            held.set()
            told.append(saved.wait(timeout=30))

    def save(*_: Any) -> None:
        model.trainer.save_checkpoint(tmp_path / "signal.ckpt")
        saved.set()

    def training_step(batch: Any, batch_idx: int) -> Any:
        if batch_idx == 3:
            thread = threading.Thread(target=hold, args=(aug.feed.mixture.store,))
            thread.start()
            assert held.wait(timeout=30)
            signal.raise_signal(signal.SIGUSR1)
            saved.wait(timeout=30)
            thread.join()
        return step(batch, batch_idx)

    model.training_step = training_step
    before = signal.signal(signal.SIGUSR1, save)
    try:
        trainer(max_epochs=1, callbacks=[aug]).fit(model, loader())
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert told == [True]
    rest = recorder()
    aug = sa.SynthAug(Tracer(), 0.5, seed=3, cache=tmp_path / "cache")
    run = trainer(max_epochs=1, callbacks=[aug])
    run.fit(rest, loader(), ckpt_path=tmp_path / "signal.ckpt")
    assert rest.seen == {n: rows for n, rows in model.seen.items() if n >= 3}


@pytest.mark.case(25, 58)
@pytest.mark.filterwarnings("ignore:predict returned None")
def test_only_a_fit_makes_samples(tmp_path: Path) -> None:
    log, other = tmp_path / "made.log", DataLoader(traced_dataset(10), 4)

    def callback(name: str) -> Any:
        return sa.SynthAug(Tracer(log=str(log)), 0.5, cache=tmp_path / name)

    model = recorder(validating=True)
    run = trainer(max_epochs=1, callbacks=[callback("first"), saver(tmp_path, 6)])
    run.fit(model, loader(), other)
    log.unlink()
    model = recorder(validating=True)
    model.predict_step = lambda batch, batch_idx: model.validation_step(batch, batch_idx)
    run = trainer(callbacks=[callback("second")])
    path = tmp_path / "step=6.ckpt"
    run.validate(model, other, ckpt_path=path, verbose=False)
    assert run.val_dataloaders is other
    run.test(model, other, ckpt_path=path, verbose=False)
    assert run.test_dataloaders is other
    run.predict(model, other, ckpt_path=path)
    assert len(model.validated) == 30
    assert {s.source for s in model.validated} == {0}
    assert not log.exists()
    assert not (tmp_path / "second").exists()


class OutOfMemory(Tracer):
    """Has room for the first epoch only."""

    room = 6

    def generate(self, requests: Any) -> Any:
        self.room -= 1
        if self.room < 0:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory.")
        return super().generate(requests)


@pytest.mark.case(70)
def test_a_generator_out_of_memory_ends_the_run_and_keeps_what_was_made(tmp_path: Path) -> None:
    """Samples are made in the training process: the error is the run's, and a resume makes the rest only."""
    log, model = tmp_path / "made.log", recorder()
    callbacks = [sa.SynthAug(OutOfMemory(log=str(log)), 0.5, cache=tmp_path / "c", seed=3)]
    with pytest.raises(torch.cuda.OutOfMemoryError):
        run = trainer(max_epochs=3, callbacks=[*callbacks, saver(tmp_path, 6)])
        run.fit(model, loader())
    assert list(model.seen) == list(range(6))
    made = log.read_text().splitlines()
    rest = recorder()
    callbacks = [sa.SynthAug(Tracer(log=str(log)), 0.5, cache=tmp_path / "c", seed=3)]
    run = trainer(max_epochs=3, callbacks=callbacks)
    run.fit(rest, loader(), ckpt_path=tmp_path / "step=6.ckpt")
    assert list(rest.seen) == list(range(6, 18))
    more = log.read_text().splitlines()[len(made) :]
    assert more
    assert not set(more) & set(made)


class Raises(Callback):
    """A user's callback that breaks while the trainer tells of an exception."""

    def on_exception(self, *_: Any) -> None:
        raise ValueError("mine too")


@pytest.mark.case(49)
def test_a_callback_that_raises_on_an_exception_leaves_nothing_swapped(tmp_path: Path) -> None:
    """Lightning then tells no other callback: what is left is undone by the next fit, or goes with the trainer."""
    filters, handler = list(warnings.filters), signal.getsignal(signal.SIGTERM)
    aug = sa.SynthAug(Tracer(), 0.5, cache=tmp_path)
    run = trainer(max_epochs=2, callbacks=[Raises(), aug])
    source = run.fit_loop._data_source
    for _ in range(2):
        with pytest.raises(ValueError, match="mine too"):
            run.fit(recorder(stop_at=1, error=RuntimeError("mine")), loader())
    model = recorder()
    model.batches = 1 + 12  # those of the broken fits count
    run.callbacks.pop(0)
    run.fit(model, loader())
    assert run.fit_loop._data_source is source
    assert len(model.seen) == 12
    assert list(warnings.filters) == filters
    run = trainer(max_epochs=2, callbacks=[Raises(), sa.SynthAug(Tracer(), 0.5, cache=tmp_path)])
    with pytest.raises(ValueError, match="mine too"):
        run.fit(recorder(stop_at=1, error=RuntimeError("mine")), loader())
    assert list(warnings.filters) != filters
    signal.signal(signal.SIGTERM, handler)  # Lightning's own, left behind too, keeps the trainer
    del run
    gc.collect()
    assert list(warnings.filters) == filters
