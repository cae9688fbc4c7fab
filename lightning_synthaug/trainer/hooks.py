"""The one module that knows private names of Lightning, checked when it is used.

`trainer.fit_loop._data_source` is where a fit gets its train loaders from, whatever form the user gave them in; the
swap below leaves the user's objects alone and is undone at the end. `batch_progress.total.processed` is the only
counter that is right at every save point (see docs/concepts/determinism.md).
"""

from __future__ import annotations

import inspect
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any, final

from lightning_synthaug.errors import SynthAugError, TrainerError
from lightning_synthaug.mixing import Progress

__all__ = [
    "NEEDED",
    "SUPPORTED",
    "LoaderSwap",
    "QuietResume",
    "Refused",
    "TrainerProgress",
    "check_names",
    "hear_exception",
    "refuse_iterator_steps",
]

#: Lightning versions whose private names are known to fit.
SUPPORTED = ">=2.1, without 2.6.2 and 2.6.3"

#: Every name of a trainer that Lightning does not promise to keep, with the one use that it has here.
NEEDED = {
    "fit_loop._data_source.instance": "whom the swapped source asks for the user's loaders",
    "fit_loop._data_source.name": "by which hook it asks",
    "fit_loop._data_source.dataloader": "what the swapped source wraps",
    "fit_loop._combined_loader": "to forget a loader that was made before the swap",
    "fit_loop.epoch_loop.batch_progress.total.processed": "the position in the plan",
    "fit_loop.total_batch_idx": "when to log",
    "distributed_sampler_kwargs": "which ranks get different data",
    "num_training_batches": "how long an epoch is",
    "strategy.on_exception": "to hear of an error where no DataModule is told",
}


def check_names(trainer: Any) -> None:
    """Check that a trainer has every name that a fit with synthetic samples uses.

    Properties are looked for but not read: some work only later in a fit.

    Args:
        trainer: The trainer, while a fit is set up.

    Raises:
        TrainerError: A name is missing.
    """
    for path in NEEDED:
        owner, missing = trainer, object()
        *parents, last = path.split(".")
        for name in parents:
            owner = getattr(owner, name, missing)
        if inspect.getattr_static(owner, last, missing) is missing:
            raise TrainerError(
                "SA701",
                f"The trainer must be a Lightning trainer of a supported version ({SUPPORTED}), got "
                f"{type(trainer).__module__}.{type(trainer).__name__} {_version(trainer)} without `{path}`. Install a "
                "supported version, or use `lightning_synthaug.mix` on the loader.",
            )


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
        TrainerError: This version of Lightning lacks a name that is needed.
    """

    def __init__(self, trainer: Any, wrap: Callable[[Any], Any]) -> None:
        check_names(trainer)
        self._loop: Any = trainer.fit_loop
        self._source: Any = self._loop._data_source
        source = self._source
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


def hear_exception(trainer: Any, told: Callable[[], None]) -> Callable[[], None]:
    """Have a function called when a fit breaks: Lightning before 2.3 does not tell a DataModule.

    Args:
        trainer: The trainer, while it runs.
        told: What to call, once.

    Returns:
        A function that stops listening; safe to call twice.
    """
    strategy = trainer.strategy

    def on_exception(exception: BaseException) -> None:
        stop()
        told()
        strategy.on_exception(exception)

    def stop() -> None:
        if vars(strategy).get("on_exception") is on_exception:
            del strategy.on_exception

    strategy.on_exception = on_exception
    return stop


def _version(trainer: Any) -> str:
    """Return the version of the package a trainer comes from."""
    package = sys.modules.get(type(trainer).__module__.split(".")[0])
    return str(getattr(package, "__version__", "of unknown version"))
