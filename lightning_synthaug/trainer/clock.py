"""How far a Lightning run is: its own counters, read when a batch is asked for."""

from __future__ import annotations

from typing import Any, final

from lightning_synthaug.mixing import Progress
from lightning_synthaug.trainer.hooks import restored_clock
from lightning_synthaug.trainer.leaf import Leaf

__all__ = ["TrainerProgress", "accumulation"]

#: Batches of an epoch whose end nobody knows.
_ENDLESS = 1 << 62


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
        self._first = True

    def done(self) -> int:
        """Return all batches processed, over epochs, resumes and several fits."""
        return self._own(self._processed()[0], self._per_epoch(0))

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

    def amid(self) -> bool:
        """Tell whether the trainer has processed batches of the present epoch."""
        return self._processed()[1] > 0

    def within(self, epoch_batches: int) -> bool:
        """Tell whether the trainer is in the middle of an epoch: a pass that begins there goes on with one."""
        begun = self._processed()[1] + self._forgotten()
        # Where nobody knows how long an epoch is, a loader that is at its end has begun anew amid one.
        return begun > 0 and (self.epoch(None) is None or begun < self._per_epoch(epoch_batches))

    def _forgotten(self) -> int:
        """Count once the batch that Lightning before 2.5 takes for not done, where a checkpoint was saved after it."""
        total = self._trainer.fit_loop.epoch_loop.batch_progress.total
        first, self._first = self._first, False
        known = restored_clock(self._trainer) is None
        return int(total.processed - total.completed) if first and known else 0

    def epoch(self, length: int | None) -> int | None:
        """Return the batches that the trainer takes of a pass; None where neither it nor the loader tells."""
        if length is not None:
            return self._per_epoch(length)
        limit = self._trainer.num_training_batches
        return None if limit in (None, float("inf"), 0) else int(limit)

    def _processed(self) -> tuple[int, int]:
        """Return the trainer's batches processed, in all and of the present epoch."""
        progress = self._trainer.fit_loop.epoch_loop.batch_progress
        now = int(progress.total.processed), int(progress.current.processed)
        return restored_clock(self._trainer) or now

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
