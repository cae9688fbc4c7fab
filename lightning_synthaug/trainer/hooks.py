"""The one module that knows private names of Lightning, checked when it is used.

`trainer.fit_loop._data_source` is where a fit gets its train loaders from, whatever form the user gave them in; the
swap below leaves the user's objects alone and is undone at the end. `batch_progress.total.processed` is the only
counter that is right at every save point (see docs/concepts/determinism.md).
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any, final

from lightning_synthaug.errors import TrainerError
from lightning_synthaug.mixing import Progress
from lightning_synthaug.trainer.leaf import Leaf
from lightning_synthaug.trainer.refused import Refused

__all__ = [
    "SUPPORTED",
    "LoaderSwap",
    "QuietResume",
    "TrainerProgress",
    "accumulation",
    "combined_mode",
    "log_step",
    "refuse_iterator_steps",
    "steps_done",
]

#: Lightning versions whose private names are known to fit.
SUPPORTED = ">=2.1, without 2.6.2 and 2.6.3"

#: Batches of an epoch whose end nobody knows.
_ENDLESS = 1 << 62


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
                except Exception as error:
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
        before = list(warnings.filters)
        warnings.filterwarnings("ignore", message)
        self._filter = None if warnings.filters[0] in before else warnings.filters[0]

    def undo(self) -> None:
        """Hear the warning again; safe to call twice."""
        if self._filter is not None and self._filter in warnings.filters:
            warnings.filters.remove(self._filter)  # type: ignore[attr-defined]


@final
class TrainerProgress(Progress):
    """The clock of a Lightning run.

    Args:
        trainer: The trainer.
        leaf: Which of several train loaders it is the clock of; None: there is one.
    """

    def __init__(self, trainer: Any, leaf: Leaf | None = None) -> None:
        self._trainer = trainer
        self._leaf = leaf

    def done(self) -> int:
        """Return all batches processed, over epochs, resumes and several fits."""
        done = _restored_clock(self._trainer)
        if done is None:
            done = int(self._trainer.fit_loop.epoch_loop.batch_progress.total.processed)
        return self._own(done, self._per_epoch(0))

    def total(self, epoch_batches: int) -> int | None:
        """Return the batches until the trainer stops by itself: the smaller of its limits."""
        per_epoch = self._per_epoch(epoch_batches)
        if not epoch_batches and self.epoch(None) is None:
            per_epoch = _ENDLESS
        total = self._total(per_epoch)
        return None if total is None else self._own(total, per_epoch)

    def coming(self, epoch_batches: int) -> int:
        """Return the batches of an epoch, or fewer where the run ends before: nothing more is made."""
        per_epoch = self._per_epoch(epoch_batches)
        progress = self._trainer.fit_loop.epoch_loop.batch_progress
        done, begun = int(progress.total.processed), int(progress.current.processed)
        end = done + per_epoch - (begun if begun < per_epoch else 0)
        left = self._left(per_epoch)
        if left is not None:
            end = min(end, done + left)
        # At least one: after a finished run, some versions ask for a last batch.
        coming = max(1, self._own(end, per_epoch) - self._own(done, per_epoch))
        return min(coming, epoch_batches)

    def epoch(self, length: int | None) -> int | None:
        """Return the batches that the trainer takes of a pass; None where neither it nor the loader tells."""
        if length is not None:
            return self._per_epoch(length)
        limit = self._trainer.num_training_batches
        return None if limit in (None, float("inf"), 0) else int(limit)

    def _own(self, batches: int, per_epoch: int) -> int:
        """Turn the trainer's batches into this loader's."""
        return batches if self._leaf is None else self._leaf.own(batches, per_epoch)

    def _total(self, per_epoch: int) -> int | None:
        """Return the trainer's batches from the beginning to its end."""
        limits = []
        epochs, steps = self._trainer.max_epochs, self._trainer.max_steps
        if epochs is not None and epochs >= 0 and per_epoch != _ENDLESS:
            limits.append(epochs * per_epoch)
        if steps is not None and steps >= 0 and self._counts_steps():
            limits.append(self._batches_of_steps(steps, per_epoch))
        return min(limits) if limits else None

    def _left(self, per_epoch: int) -> int | None:
        """Return the trainer's batches that `max_steps` leaves; None where it sets no end."""
        trainer = self._trainer
        if trainer.max_steps < 0 or not self._counts_steps():
            return None
        return int((trainer.max_steps - trainer.global_step) * trainer.accumulate_grad_batches)

    def _counts_steps(self) -> bool:
        """Tell whether steps can be converted to batches: under manual optimization a batch may take any number."""
        module = self._trainer.lightning_module
        return bool(getattr(module, "automatic_optimization", True))

    def _per_epoch(self, epoch_batches: int) -> int:
        """Return the batches that the trainer takes of an epoch."""
        limit = self._trainer.num_training_batches
        if limit in (None, float("inf"), 0):
            return max(1, epoch_batches)
        return int(limit) if self._leaf or not epoch_batches else min(int(limit), epoch_batches)

    def _batches_of_steps(self, steps: int, per_epoch: int) -> int:
        """Convert optimizer steps: each takes several batches, the last of an epoch maybe fewer."""
        batches = 0
        changes = accumulation(self._trainer)
        for epoch, each in changes.items():
            later = [e for e in changes if e > epoch]
            span = min(later) - epoch if later else None
            steps_per_epoch = -(-per_epoch // each)
            epochs, rest = divmod(steps, steps_per_epoch)
            if span is not None and epochs >= span:
                batches, steps = batches + span * per_epoch, steps - span * steps_per_epoch
                continue
            return int(batches + epochs * per_epoch + min(rest * each, per_epoch))
        return batches


def _restored_clock(trainer: Any) -> int | None:
    """Return the batches processed in the checkpoint that is being restored; None while none is.

    Lightning fetches the first batch of a loader without a length when it makes the iterator, which a model that asks
    for `estimated_stepping_batches` makes happen before the counters are restored.
    """
    connector = getattr(trainer, "_checkpoint_connector", None)
    loops = (getattr(connector, "_loaded_checkpoint", None) or {}).get("loops") or {}
    progress = loops.get("fit_loop", {}).get("epoch_loop.batch_progress", {})
    processed = progress.get("total", {}).get("processed")
    return int(processed) if isinstance(processed, int) else None


def accumulation(trainer: Any) -> dict[int, int]:
    """Tell how many batches make a step.

    Args:
        trainer: The trainer.

    Returns:
        Batches of a step by the epoch from which on it holds, ascending, the first one 0.
    """
    for callback in trainer.callbacks:
        schedule = getattr(callback, "scheduling", None)
        if type(callback).__name__ == "GradientAccumulationScheduler" and isinstance(
            schedule, dict
        ):
            return {0: 1} | dict(sorted(schedule.items()))
    return {0: int(trainer.accumulate_grad_batches)}


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


def _version(trainer: Any) -> str:
    """Return the version of the package a trainer comes from."""
    import sys

    package = sys.modules.get(type(trainer).__module__.split(".")[0])
    return str(getattr(package, "__version__", "of unknown version"))
