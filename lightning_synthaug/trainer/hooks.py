"""The one module that knows private names of Lightning, checked when it is used.

`trainer.fit_loop._data_source` is where a fit gets its train loaders from, whatever form the user gave them in; the
swap below leaves the user's objects alone and is undone at the end. `batch_progress.total.processed` is the only
counter that is right at every save point (see docs/concepts/determinism.md).
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterator
from typing import Any, final

from lightning_synthaug.errors import SynthAugError, TrainerError
from lightning_synthaug.mixing import Progress

__all__ = [
    "SUPPORTED",
    "LoaderSwap",
    "QuietResume",
    "Refused",
    "TrainerProgress",
    "refuse_iterator_steps",
]

#: Lightning versions whose private names are known to fit.
SUPPORTED = ">=2.1, without 2.6.2 and 2.6.3"


@final
class Refused:
    """Stand in for a loader that cannot be mixed, and raise why when it is looked at.

    While Lightning asks for loaders it has `DataLoader.__init__` patched, and an error there leaves it so for good.

    Args:
        error: What to raise.
    """

    def __init__(self, error: SynthAugError) -> None:
        self._error = error

    def __iter__(self) -> Iterator[Any]:
        """Raise the error: the first thing that Lightning does with a loader is to iterate it."""
        raise self._error


@final
class LoaderSwap:
    """Put a function between a trainer and its train loaders, for the time of a fit.

    Args:
        trainer: The trainer.
        wrap: Maps what the user's source returns to what the fit loop shall get; called each time Lightning asks.

    Raises:
        TrainerError: This version of Lightning keeps its loaders elsewhere.
    """

    def __init__(self, trainer: Any, wrap: Callable[[Any], Any]) -> None:
        loop: Any = getattr(trainer, "fit_loop", None)
        source: Any = getattr(loop, "_data_source", None)
        if not hasattr(source, "dataloader") or not hasattr(loop, "_combined_loader"):
            raise TrainerError(
                "SA701",
                f"The trainer must be a Lightning trainer of a supported version ({SUPPORTED}), got "
                f"{type(trainer).__module__}.{type(trainer).__name__} {_version(trainer)}. Install a supported "
                "version, or use `lightning_synthaug.mix` on the loader.",
            )
        self._loop: Any = loop
        self._source: Any = source
        kind = type(source)

        class WrappedSource(kind):  # type: ignore[misc, valid-type]
            def dataloader(self) -> Any:
                loader = super().dataloader()
                try:
                    return wrap(loader)
                except SynthAugError as error:
                    return Refused(error)

        self._wrapped = WrappedSource(source.instance, source.name)
        self._loop._data_source = self._wrapped
        # A DataModule that asked for `estimated_stepping_batches` in its setup has loaded the plain loader already.
        self._loop._combined_loader = None

    def undo(self) -> None:
        """Put the trainer's own source back; safe to call twice."""
        if self._loop._data_source is self._wrapped:
            self._loop._data_source = self._source


@final
class QuietResume:
    """Silence, for the time of a fit, the warning that a loader without a state cannot be resumed: this one can.

    Its position is the trainer's own clock. A state of its own would end up in the checkpoint, which Lightning would
    then refuse to load without this package.
    """

    def __init__(self) -> None:
        message = "You're resuming from a checkpoint that ended before the epoch ended"
        warnings.filterwarnings("ignore", message)
        self._filter = warnings.filters[0]

    def undo(self) -> None:
        """Hear the warning again; safe to call twice."""
        if self._filter in warnings.filters:
            warnings.filters.remove(self._filter)  # type: ignore[attr-defined]


@final
class TrainerProgress(Progress):
    """The clock of a Lightning run.

    Args:
        trainer: The trainer.
    """

    def __init__(self, trainer: Any) -> None:
        self._trainer = trainer

    def done(self) -> int:
        """Return all batches processed, over epochs, resumes and several fits."""
        return int(self._trainer.fit_loop.epoch_loop.batch_progress.total.processed)

    def total(self, epoch_batches: int) -> int | None:
        """Return the batches until the trainer stops by itself: the smaller of its limits."""
        per_epoch = self._per_epoch(epoch_batches)
        limits = []
        epochs, steps = self._trainer.max_epochs, self._trainer.max_steps
        if epochs is not None and epochs >= 0:
            limits.append(epochs * per_epoch)
        if steps is not None and steps >= 0 and self._counts_steps():
            limits.append(self._batches_of_steps(steps, per_epoch))
        return min(limits) if limits else None

    def coming(self, epoch_batches: int) -> int:
        """Return the batches of an epoch, or fewer where `max_steps` ends the run before: nothing more is made."""
        coming, trainer = self._per_epoch(epoch_batches), self._trainer
        if trainer.max_steps < 0 or not self._counts_steps():
            return coming
        left = int((trainer.max_steps - trainer.global_step) * trainer.accumulate_grad_batches)
        # At least one: after a finished run, some versions ask for a last batch.
        return max(1, min(coming, left))

    def _counts_steps(self) -> bool:
        """Tell whether steps can be converted to batches: under manual optimization a batch may take any number."""
        module = self._trainer.lightning_module
        return bool(getattr(module, "automatic_optimization", True))

    def _per_epoch(self, epoch_batches: int) -> int:
        """Return the batches that the trainer takes of an epoch."""
        limit = self._trainer.num_training_batches
        return epoch_batches if limit in (None, float("inf"), 0) else min(int(limit), epoch_batches)

    def _batches_of_steps(self, steps: int, per_epoch: int) -> int:
        """Convert optimizer steps: each takes several batches, the last of an epoch maybe fewer."""
        each = self._trainer.accumulate_grad_batches
        steps_per_epoch = -(-per_epoch // each)
        epochs, rest = divmod(steps, steps_per_epoch)
        return int(epochs * per_epoch + min(rest * each, per_epoch))


def refuse_iterator_steps(module: Any) -> None:
    """Refuse a model whose training step takes the iterator itself.

    Args:
        module: The LightningModule.

    Raises:
        TrainerError: It does.
    """
    step = getattr(module, "training_step", None)
    if step is not None and "dataloader_iter" in inspect.signature(step).parameters:
        raise TrainerError(
            "SA702",
            f"`training_step` must take a batch, got the parameter `dataloader_iter` in {type(module).__name__}: one "
            "step may then take several batches, and the plan's clock would be wrong. Take `batch, batch_idx` instead.",
        )


def _version(trainer: Any) -> str:
    """Return the version of the package a trainer comes from."""
    import sys

    package = sys.modules.get(type(trainer).__module__.split(".")[0])
    return str(getattr(package, "__version__", "of unknown version"))
