"""The clock of a loader that something reads ahead of: counts what was handed on, and knows each batch again."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any, final

import torch
from torch.utils.weak import WeakTensorKeyDictionary

from lightning_synthaug.errors import TrainerError
from lightning_synthaug.mixing.progress import CountedProgress, Progress

__all__ = ["HandedProgress"]


@final
class HandedProgress(Progress):
    """Count the batches that came out of a framework's loader, whatever it fetched ahead.

    The tensors of each batch are remembered with its number as long as they live, so that a batch is known again where
    a framework takes several before it trains on the first one. (A number attached to the batch would not outlive its
    way to a device.)

    Args:
        counted: Where the count is kept.
    """

    def __init__(self, counted: CountedProgress) -> None:
        self.counted = counted
        self._numbers: Any = WeakTensorKeyDictionary()

    def done(self) -> int:
        """Return the batches handed on."""
        return self.counted.done()

    def total(self, epoch_batches: int) -> int | None:
        """Return what was given."""
        return self.counted.total(epoch_batches)

    def coming(self, epoch_batches: int) -> int:
        """Return a whole epoch, or the rest of one right after a resume in its middle."""
        return self.counted.coming(epoch_batches)

    def hand(self, number: int, batch: Any) -> None:
        """Take note that a batch goes on to the user.

        Args:
            number: Batches before it.
            batch: The batch, as the user gets it, on its device.
        """
        self.counted.delivered(number)
        for tensor in _tensors(batch):
            self._numbers[tensor] = number

    def current(self, last: int, batch: Any = None) -> int:
        """Return the number of the batch being trained on: of the one given, else of the last one handed on.

        Args:
            last: Not used: that one may have been fetched ahead.
            batch: The batch, or some of its tensors.

        Returns:
            Batches before it.

        Raises:
            TrainerError: It cannot be told (SA635).
        """
        del last
        if batch is None:
            if _accumulating():
                raise TrainerError(
                    "SA635",
                    "`batch` must be given to `batch_info` while gradients are accumulated, got None: Hugging Face's "
                    "Trainer takes all batches of a step before it trains on the first one. Call "
                    "`batch_info(loader, batch)`.",
                )
            return self.done() - 1
        held = [self._of(tensor) for tensor in _tensors(batch)]
        found = set.intersection(*held) if held else set()
        if len(found) != 1:
            raise TrainerError(
                "SA635",
                "`batch` must hold tensors as the mixed loader handed them over, got "
                f"{type(batch).__name__} that agrees with {len(found)} of its batches. Call `batch_info` with the "
                "batch before it is changed, and only in training.",
            )
        return found.pop()

    def _of(self, tensor: torch.Tensor) -> set[int]:
        """Find the batches that hold a tensor: this very one, or, where a framework copied it, an equal one."""
        if tensor in self._numbers:
            return {self._numbers[tensor]}
        # Few are alive at a time: those of the step being trained on.
        return {
            number
            for own, number in self._numbers.items()
            if own.shape == tensor.shape and torch.equal(own.to(tensor), tensor)
        }


def _accumulating() -> bool:
    """Tell whether accelerate is between two optimizer steps: only then may batches have been taken in advance."""
    state = sys.modules.get("accelerate.state")
    return state is not None and not state.GradientState().sync_gradients


def _tensors(batch: Any) -> Iterator[torch.Tensor]:
    """Go through the tensors of a batch."""
    if isinstance(batch, torch.Tensor):
        yield batch
    elif isinstance(batch, (list, tuple, Mapping)):
        for part in batch.values() if isinstance(batch, Mapping) else batch:
            yield from _tensors(part)
