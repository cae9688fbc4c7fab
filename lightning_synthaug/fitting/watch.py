"""What looks after a fit: bar, losses, held-out share, checkpoints, early stop, TensorBoard."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any, final

import torch
from tqdm.auto import tqdm

from lightning_synthaug.errors import GeneratorError
from lightning_synthaug.filling import say
from lightning_synthaug.fitting.checkpoint import module_state, restore_module
from lightning_synthaug.fitting.diversity import Diversity
from lightning_synthaug.fitting.framework import lightning
from lightning_synthaug.fitting.module import FitModule
from lightning_synthaug.fitting.pictures import Board, sample_images

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor

    from lightning_synthaug.fitting.checkpoint import Checkpoint
    from lightning_synthaug.fitting.step_module import StepModule

__all__ = ["FitWatch"]

_SECONDS = 10.0
_ALIKE = (
    "The samples of a GAN must differ, got ones that are alike each time they were looked at. Fit for longer or with "
    "another `learning_rate`, or fit a cvae."
)
_LARGEST = 1024


@final
class FitWatch(lightning.Callback):  # type: ignore[misc]  # one of two bases, chosen at run time
    """Show the bar, keep losses and checkpoints, and stop when it is time.

    Args:
        module: What is fitted.
        settings: All settings.
        seen: What is fitted on; None where nothing but gradients may be told of it.
        held_out: What is not fitted on, or None.
        order: Generator of the order of the samples.
        progress: Show a bar.
        checkpoint: Where the state is kept, or None.
        state: What the checkpoint held, or None.
        logs: Folder for TensorBoard, or None.
        every: Epochs between looks at the held-out share, >= 1.

    Attributes:
        epochs_done: Epochs so far, those before an interruption included.
        seconds: Time spent so far.
        ended: Why the fit ended early, or None.
    """

    def __init__(
        self,
        module: StepModule,
        settings: Mapping[str, Any],
        seen: Any,
        held_out: Any,
        order: torch.Generator,
        *,
        progress: bool,
        checkpoint: Checkpoint | None,
        state: dict[str, Any] | None,
        logs: Path | None,
        every: int,
    ) -> None:
        self.module = module
        self.settings = settings
        self.order = order
        self.progress = progress
        self.checkpoint = checkpoint
        self.every = every
        self.epochs_done = 0
        self.ended: str | None = None
        self.held_out: dict[str, Any] = {}
        self._state = state
        self._seen = seen
        self._data = held_out
        self._diversity = Diversity(held_out) if held_out and module.kind == "cgan" else None
        self._board = None if logs is None else Board(logs)
        self._best: dict[str, Tensor] | None = None
        self._spent = 0.0
        self._began = self._saved = time.monotonic()
        self._sums: dict[str, Tensor] = {}
        self._batches = 0
        self._bar: Any = None
        if state is not None:
            self._take(state)

    @property
    def seconds(self) -> float:
        """Time spent so far, that before an interruption included."""
        return self._spent + time.monotonic() - self._began

    def means(self) -> dict[str, float]:
        """Average over the batches of the last epoch."""
        return {
            key: round(float(total) / max(1, self._batches), 6) for key, total in self._sums.items()
        }

    def losses(self) -> dict[str, Any]:
        """Sum up, for the card.

        Returns:
            Losses of the last epoch, epochs, steps and seconds, and the held-out figures.
        """
        return {
            **self.means(),
            "epochs_done": self.epochs_done,
            "steps_done": self.module.steps_done,
            "seconds": round(self.seconds, 1),
            "ended": self.ended or "all epochs done",
            **({"held_out": self.held_out} if self.held_out else {}),
        }

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Go on from the checkpoint, and open the bar."""
        if self._state is not None:
            restore_module(self.module, self._state["module"])
            self._state = None
        self._bar = tqdm(
            total=self.settings["epochs"],
            initial=self.epochs_done,
            desc="Fitting",
            unit="epoch",
            disable=None if self.progress else True,
        )

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        """Start a new average."""
        self._sums = {}
        self._batches = 0

    def on_train_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Add one batch, and look at the clock."""
        for key, loss in outputs.items():
            self._sums[key] = self._sums.get(key, torch.zeros_like(loss)) + loss
        self._batches += 1
        if not math.isfinite(sum(float(loss) for loss in outputs.values())):
            message = (
                f"The loss must stay finite, got {self.means()} at step {self.module.steps_done}. "
                "Lower `learning_rate`, or look for damaged samples."
            )
            raise GeneratorError("SA442", message)
        if self.settings["max_minutes"] is not None:
            self.module.hurry = self.seconds / (60 * self.settings["max_minutes"])
            if self.module.hurry >= 1:
                self.ended, trainer.should_stop = "time is over", True

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Move the bar on, look at the held-out share, keep a checkpoint."""
        self.epochs_done += 1
        if self.epochs_done % self.every == 0 or self.epochs_done == self.settings["epochs"]:
            self._look()
            if self.ended is not None:
                trainer.should_stop = True
        shown = {**self.means(), **{k: v for k, v in self.held_out.items() if k == "loss"}}
        self._bar.set_postfix({key: f"{value:.3g}" for key, value in shown.items()})
        self._bar.update()
        if self.checkpoint is not None and time.monotonic() - self._saved >= _SECONDS:
            self._keep(self.checkpoint)

    def finish(self) -> None:
        """Put the best weights in place, close what is open, and warn of samples that are all alike."""
        if self._state is not None:
            self.module.load_state_dict(self._state["module"]["weights"])
        if self._best is not None:
            self.module.take_weights(self._best)
        self._conclude()
        if self._board is not None:
            self._board.close()
        if self._diversity is not None:
            self.held_out["samples_differ"] = not self._diversity.never
            if self._diversity.never:
                say(str(GeneratorError("SA448", _ALIKE)))

    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Close the bar, also after an error."""
        if self._bar is not None:
            self._bar.close()

    def _look(self) -> None:
        """Judge the weights by what is not fitted on."""
        if self._board is not None:
            self._conclude(_LARGEST)
            self._board.add(self.module, self.means(), self.module.steps_done)
        if self._data is None:
            return
        self.held_out["looks"] = self.held_out.get("looks", 0) + 1
        loss = self.module.loss_on(self._data)
        if self._diversity is not None:
            self._look_for_collapse()
        if loss is None:
            return
        self.held_out["loss"] = round(loss, 6)
        if loss < self.held_out.get("best_loss", math.inf):
            self.held_out.update(best_loss=round(loss, 6), best_epoch=self.epochs_done)
            self._remember()
        elif self._looks_since_best() >= self.settings["patience"]:
            self.ended = "the held-out loss no longer fell"

    def _conclude(self, most: int | None = None) -> None:
        """Let the module find what follows from all that it was fitted on, or from so many samples."""
        if self._seen is not None:
            self.module.conclude_on(self._seen, most)

    def _look_for_collapse(self) -> None:
        """Stop a GAN that made samples that differ, and twice in a row no longer does."""
        assert self._diversity is not None
        assert isinstance(self.module, FitModule)  # a GAN
        images, labels = sample_images(self.module, self._diversity.labels)
        healthy = self._diversity.look(images, labels)
        if healthy:
            self._remember()
        elif self._diversity.collapsed:
            self.ended = "the samples became alike (collapse): weights from before it are kept"

    def _looks_since_best(self) -> float:
        """Count the looks since the best one."""
        return (self.epochs_done - int(self.held_out["best_epoch"])) / self.every

    def _remember(self) -> None:
        """Keep the present weights."""
        state = self.module.judged_weights()
        self._best = {name: tensor.detach().clone() for name, tensor in state.items()}

    def _keep(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint."""
        self._saved = time.monotonic()
        checkpoint.write(
            {
                "module": module_state(self.module),
                "order": self.order.get_state(),
                "epochs_done": self.epochs_done,
                "seconds": self.seconds,
                "ended": self.ended,
                "held_out": dict(self.held_out),
                "best": self._best,
                "means": self.means(),
                "diversity": None if self._diversity is None else self._diversity.state(),
            }
        )

    def _take(self, state: dict[str, Any]) -> None:
        """Take over what the checkpoint says of the fit so far."""
        self.order.set_state(state["order"])
        self.epochs_done = state["epochs_done"]
        self.ended = state["ended"]
        self.held_out = state["held_out"]
        self._best = state["best"]
        self._spent = state["seconds"]
        self._sums = {key: torch.tensor(value) for key, value in state["means"].items()}
        self._batches = 1
        if self._diversity is not None and state["diversity"] is not None:
            self._diversity.restore(state["diversity"])
