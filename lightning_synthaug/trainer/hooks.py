"""The one module that knows private names of Lightning, checked when it is used.

`trainer.fit_loop._data_source` is where a fit gets its train loaders from, whatever form the user gave them in; the
swap below leaves the user's objects alone and is undone at the end. `batch_progress.total.processed` is the only
counter that is right at every save point (see docs/concepts/determinism.md).
"""

from __future__ import annotations

import inspect
import sys
import warnings
import weakref
from collections.abc import Callable
from typing import Any, final

from lightning_synthaug.errors import TrainerError
from lightning_synthaug.trainer.refused import Refused

__all__ = [
    "NEEDED",
    "SUPPORTED",
    "LoaderSwap",
    "QuietResume",
    "check_names",
    "combined_mode",
    "log_step",
    "refuse_iterator_steps",
    "restored_clock",
    "steps_done",
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
    "fit_loop.epoch_loop.batch_progress.current.processed": "how much of an epoch is left to fill for",
    "fit_loop.epoch_loop._batches_that_stepped": "the step that the trainer logs at",
    "fit_loop._should_accumulate": "when a step ends",
    "_logger_connector.should_update_logs": "when to log",
    "_checkpoint_connector._loaded_checkpoint": "the position of a checkpoint while it is being restored",
    "distributed_sampler_kwargs": "which ranks get different data",
    "num_training_batches": "how long an epoch is",
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
                try:
                    self.theirs = super().dataloader()
                    return wrap(self.theirs)
                except Exception as error:
                    return Refused(error)

        self._wrapped = WrappedSource(source.instance, source.name)
        self._loop._data_source = self._wrapped
        # A DataModule that asked for `estimated_stepping_batches` in its setup has loaded the plain loader already.
        self._loop._combined_loader = None

    def undo(self) -> None:
        """Put the trainer's own source back, and the user's loaders where it shows them; safe to call twice."""
        if self._loop._data_source is self._wrapped:
            self._loop._data_source = self._source
            combined, theirs = self._loop._combined_loader, getattr(self._wrapped, "theirs", None)
            if combined is not None and theirs is not None:
                # Another one: those who end the pass still have to end the workers of this one.
                plain = theirs if isinstance(theirs, type(combined)) else type(combined)(theirs)
                self._loop._combined_loader = plain


@final
class QuietResume:
    """Silence, for the time of a fit, the warning that a loader without a state cannot be resumed: this one can.

    Its position is the trainer's own clock. A state of its own would end up in the checkpoint, which Lightning would
    then refuse to load without this package.
    """

    def __init__(self) -> None:
        message = "You're resuming from a checkpoint that ended before the epoch ended"
        before = list(warnings.filters)
        warnings.filterwarnings("ignore", message)
        added = None if warnings.filters[0] in before else warnings.filters[0]
        # Where another callback breaks while Lightning tells of an exception, nobody says that the fit is over.
        self._undo = weakref.finalize(self, _hear, added)

    def undo(self) -> None:
        """Hear the warning again; safe to call twice."""
        self._undo()


def _hear(added: Any) -> None:
    """Take a filter of warnings away."""
    if added is not None and added in warnings.filters:
        warnings.filters.remove(added)  # type: ignore[attr-defined]


def log_step(trainer: Any) -> int | None:
    """Tell whether the trainer logs at the end of the present batch, and at which step.

    Args:
        trainer: The trainer.

    Returns:
        The step on the loggers' axis; None when it does not log now.
    """
    due = trainer.loggers and trainer._logger_connector.should_update_logs
    return steps_done(trainer) if due and not trainer.fit_loop._should_accumulate() else None


def steps_done(trainer: Any) -> int:
    """Return the step that the trainer's own metrics are logged at.

    Args:
        trainer: The trainer.

    Returns:
        Steps done, >= 0.
    """
    return int(trainer.fit_loop.epoch_loop._batches_that_stepped)


def combined_mode(loader: Any) -> str | None:
    """Tell how a `CombinedLoader` of either Lightning package combines its loaders.

    Args:
        loader: Any loader.

    Returns:
        `"min_size"`, `"max_size"`, `"max_size_cycle"` or `"sequential"`; None where it is no `CombinedLoader`.
    """
    combined = any(c.__name__ == "CombinedLoader" for c in type(loader).__mro__)
    return str(loader._mode) if combined else None


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


def restored_clock(trainer: Any) -> tuple[int, int] | None:
    """Return the batches processed in the checkpoint that is being restored, in all and of its epoch.

    Lightning fetches the first batch of a loader without a length when it makes the iterator, which a model that asks
    for `estimated_stepping_batches` makes happen before the counters are restored.

    Args:
        trainer: The trainer.

    Returns:
        Both counts; None while no checkpoint is being restored.
    """
    connector = getattr(trainer, "_checkpoint_connector", None)
    loops = (getattr(connector, "_loaded_checkpoint", None) or {}).get("loops") or {}
    progress = loops.get("fit_loop", {}).get("epoch_loop.batch_progress", {})
    total, current = (progress.get(part, {}).get("processed") for part in ("total", "current"))
    return (total, current or 0) if isinstance(total, int) else None


def _version(trainer: Any) -> str:
    """Return the version of the package a trainer comes from."""
    package = sys.modules.get(type(trainer).__module__.split(".")[0])
    return str(getattr(package, "__version__", "of unknown version"))
