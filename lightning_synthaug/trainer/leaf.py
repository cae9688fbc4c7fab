"""The clock of one of several train loaders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

__all__ = ["Leaf"]


@final
@dataclass(frozen=True, slots=True)
class Leaf:
    """How the batches of one of several loaders follow from those of the trainer.

    Args:
        mode: How Lightning combines the loaders. Under `"min_size"` and `"max_size_cycle"` each batch of the trainer
            has one of this loader; under `"max_size"` a loader that has ended gives none until the next epoch. A fit
            takes no other mode.
        length: Batches of this loader in one pass, >= 1.

    Example:
        >>> Leaf("max_size", length=3).own(9, per_epoch=5)
        6
    """

    mode: str
    length: int

    def own(self, batches: int, per_epoch: int) -> int:
        """Count this loader's batches among the trainer's.

        Args:
            batches: Batches of the trainer, >= 0.
            per_epoch: Batches of the trainer in an epoch, >= 1.

        Returns:
            Batches of this loader.
        """
        if self.mode != "max_size":
            return batches
        epochs, rest = divmod(batches, per_epoch)
        return epochs * min(per_epoch, self.length) + min(rest, self.length)
