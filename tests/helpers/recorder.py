"""A model that writes down which samples it is trained on, and a trainer that says nothing."""

from __future__ import annotations

import math
from functools import partial
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

import torch

import lightning_synthaug as sa
from tests.helpers.leaving import leave_in_order
from tests.helpers.traced import CLASSES, SIDE, Sample, read

LIGHTNING = "lightning.pytorch"

leave_in_order()  # every rank that records imports this, spawned ones too


def lightning_version() -> tuple[int, ...]:
    """The version in use, for what Lightning itself does otherwise in older ones; nothing is imported to tell."""
    found = {d.name.lower(): d.version for d in metadata.distributions(name="lightning")}
    found |= {d.name.lower(): d.version for d in metadata.distributions(name="pytorch-lightning")}
    return tuple(map(int, next(iter(found.values())).split(".")[:3]))


def of_the_run(stream: dict[int, list[Sample]], batches: float) -> dict[int, list[Sample]]:
    """A resumed stream without what Lightning before 2.5 trains too much.

    It takes the batch in whose hook a checkpoint is saved for not done, and adds one at the end of the resumed run.
    """
    if lightning_version() >= (2, 5):
        return stream
    return {n: rows for n, rows in stream.items() if n < batches}


def recorder(
    package: str = LIGHTNING,
    *,
    stepping: bool = False,
    stop_at: int | None = None,
    error: BaseException | None = None,
    validating: bool = False,
) -> Any:
    """A model with `seen`: batch number -> samples.

    With `stepping`, it asks for the number of steps while its optimizers are made; at batch `stop_at` it raises
    `error`; with `validating` it also writes down what it is validated and tested on.
    """
    base: Any = import_module(package).LightningModule

    class Recorder(base):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(SIDE * SIDE, CLASSES)
            self.seen: dict[int, list[Sample]] = {}
            self.validated: list[Sample] = []
            self.steps: float | None = None
            #: Batches of the run, where they are not its epochs times their length.
            self.batches: int | None = None

        def __reduce__(self) -> Any:
            """Go to another process as a new model: the class has no name that could be imported."""
            return partial(recorder, package, stepping=stepping, validating=validating), ()

        def training_step(self, batch: Any, batch_idx: int) -> Any:
            images, labels = batch
            info = sa.batch_info(self)
            if info.number == stop_at and error is not None:
                raise error
            samples = read(images)
            assert info.number not in self.seen
            assert [s.source > 0 for s in samples] == info.is_synthetic.tolist()
            assert [s.label for s in samples] == labels.tolist()
            epochs = self.trainer.max_epochs or -1
            planned = epochs * self.trainer.num_training_batches if epochs > 0 else math.inf
            self.seen |= of_the_run({info.number: samples}, self.batches or planned)
            loss = torch.nn.functional.cross_entropy(
                self.layer(images.flatten(1) / 255), labels, reduction="none"
            )
            return info.weighted_mean(loss)

        def configure_optimizers(self) -> Any:
            if stepping:
                self.steps = self.trainer.estimated_stepping_batches
            return torch.optim.SGD(self.parameters(), lr=0.01)

    class Validating(Recorder):
        def validation_step(self, batch: Any, batch_idx: int) -> None:
            self.validated += read(batch[0])

        def test_step(self, batch: Any, batch_idx: int) -> None:
            self.validated += read(batch[0])

    return Validating() if validating else Recorder()


def trainer(package: str = LIGHTNING, **options: Any) -> Any:
    quiet = {
        "accelerator": "cpu",
        "devices": 1,
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "log_every_n_steps": 1,
    }
    return import_module(package).Trainer(**(quiet | options))


def saver(folder: Path, every: int, package: str = LIGHTNING) -> Any:
    """A callback that saves `step=N.ckpt` after every few batches; it has no state to be missed on resuming."""
    base: Any = import_module(package).Callback

    class Saver(base):  # type: ignore[misc]
        def on_train_batch_end(self, trainer: Any, *_: Any) -> None:
            if trainer.global_step % every == 0:
                trainer.save_checkpoint(folder / f"step={trainer.global_step}.ckpt")

    return Saver()
