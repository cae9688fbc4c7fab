"""What strategies for hardware that is not here ask of a loader, by Lightning's own code for them."""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
from lightning.pytorch import LightningDataModule
from lightning.pytorch.strategies import DeepSpeedStrategy, SingleDeviceStrategy, XLAStrategy
from torch.utils.data import DataLoader

import lightning_synthaug as sa
from lightning_synthaug.errors import ResumeMismatch, TrainerError
from tests.helpers.recorder import of_the_run, recorder, saver, trainer
from tests.helpers.traced import Sample, Tracer, traced_dataset

SIZE, BATCH, BATCHES = 45, 8, 18
RAMP = sa.Linear(0.0, 0.8, over="60%")
FACES = pytest.mark.parametrize("module", [False, True], ids=["callback", "datamodule"])
Stream = dict[int, list[Sample]]


class MpDeviceLoader:
    """As torch_xla/distributed/parallel_loader.py: a thread of its own reads the loader ahead, into a queue."""

    def __init__(self, loader: Any, device: torch.device) -> None:
        self._loader = loader
        self._device = device

    def __iter__(self) -> Iterator[Any]:
        ready: queue.Queue[Any] = queue.Queue(maxsize=8)
        threading.Thread(target=self._read, args=[ready], daemon=True).start()
        while (batch := ready.get(timeout=60)) is not None:
            if isinstance(batch, Exception):
                raise batch
            yield batch

    def __len__(self) -> int:
        return len(self._loader)

    def _read(self, ready: queue.Queue[Any]) -> None:
        try:
            for _, batch in enumerate(self._loader):
                ready.put(batch, timeout=60)
            ready.put(None, timeout=60)
        except Exception as error:
            ready.put(error, timeout=60)


class Shaped(SingleDeviceStrategy):
    """A strategy that runs here, with one trait of one that does not."""

    def __init__(self) -> None:
        super().__init__(device="cpu")


class Xla(Shaped):
    process_dataloader = XLAStrategy.process_dataloader


class Late(Shaped):
    """As FSDP, DeepSpeed and ModelParallel: callbacks are restored after `on_fit_start`."""

    @property
    def restore_checkpoint_after_setup(self) -> bool:
        return True


class DeepSpeed(Shaped):
    """Asks for the batch size while it is set up, as DeepSpeed does, and again."""

    def setup(self, trainer: Any) -> None:
        this = SimpleNamespace(lightning_module=trainer.lightning_module)
        self.sizes = [DeepSpeedStrategy._auto_select_batch_size(this) for _ in range(2)]
        super().setup(trainer)


def fit(
    folder: Path, *, module: bool, strategy: Any = "auto", resume: Path | None = None, seed: int = 3
) -> Stream:
    """Train with checkpoints; the optimizers ask for the number of steps, so loaders are made early."""
    loader = DataLoader(traced_dataset(SIZE), BATCH, shuffle=True)
    recipe = {"ratio": RAMP, "seed": seed, "cache": folder / "cache"}
    callbacks = [saver(folder, 4)]
    data: dict[str, Any] = {"train_dataloaders": loader}
    if module:
        inner = LightningDataModule()
        inner.train_dataloader = lambda: loader
        data = {"datamodule": sa.SynthAugDataModule(inner, Tracer(), **recipe)}
    else:
        callbacks.append(sa.SynthAug(Tracer(), **recipe))
    model = recorder(stepping=True)
    run = trainer(max_epochs=3, callbacks=callbacks, strategy=strategy)
    run.fit(model, **data, ckpt_path=resume)
    return of_the_run(model.seen, BATCHES)


@pytest.mark.case(69)
@FACES
def test_deepspeed_learns_the_batch_size_as_often_as_it_asks(
    tmp_path: Path, module: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Before Lightning 2.4, the method imports it for a warning that it does not give here.
    monkeypatch.setitem(sys.modules, "deepspeed", ModuleType("deepspeed"))
    strategy = DeepSpeed()
    seen = fit(tmp_path / "shaped", module=module, strategy=strategy)
    assert strategy.sizes == [BATCH, BATCH]
    assert seen == fit(tmp_path / "plain", module=module)


@pytest.mark.case(69)
@FACES
def test_xla_reads_ahead_in_a_thread_what_the_plan_says(
    tmp_path: Path, module: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("torch_xla", "torch_xla.distributed", "torch_xla.distributed.parallel_loader"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    fake: Any = sys.modules["torch_xla.distributed.parallel_loader"]
    fake.MpDeviceLoader = MpDeviceLoader
    wrapped: list[Any] = []
    process = Xla.process_dataloader

    def processed(self: Any, loader: Any) -> Any:
        wrapped.append(process(self, loader))
        return wrapped[-1]

    monkeypatch.setattr(Xla, "process_dataloader", processed)
    seen = fit(tmp_path / "shaped", module=module, strategy=Xla())
    (loader,) = wrapped
    assert isinstance(loader, MpDeviceLoader)
    assert len(loader.dataset) == SIZE
    assert loader.batch_sampler.batch_size == BATCH
    assert seen == fit(tmp_path / "plain", module=module)


@pytest.mark.case(69)
@FACES
def test_a_state_that_arrives_after_the_fit_has_started_is_still_verified(
    tmp_path: Path, module: bool
) -> None:
    whole = fit(tmp_path, module=module)
    resume = tmp_path / "step=8.ckpt"
    rest = fit(tmp_path, module=module, strategy=Late(), resume=resume)
    assert rest == {n: rows for n, rows in whole.items() if n >= 8}
    with pytest.raises(ResumeMismatch, match=r"(?s)seed\n +checkpoint: +3\n.*4.*SA116"):
        fit(tmp_path, module=module, strategy=Late(), resume=resume, seed=4)


@pytest.mark.case(68)
def test_a_version_that_lacks_a_name_is_refused_when_a_fit_is_set_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The versions that are supported run these tests themselves: `make test-matrix`."""
    run = trainer(max_epochs=1, callbacks=[sa.SynthAug(traced_dataset(9, source=1), 0.5)])
    monkeypatch.delattr(type(run.fit_loop), "_should_accumulate")
    model = recorder()
    with pytest.raises(
        TrainerError, match=r">=2\.1.* without `fit_loop\._should_accumulate`.*SA701"
    ):
        run.fit(model, DataLoader(traced_dataset(20), 4))
    assert model.seen == {}
