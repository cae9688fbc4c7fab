"""From a number of batches to a position in global samples, short last batches included."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import final

from lightning_synthaug.errors import PlanError

__all__ = ["Epoch"]


@final
@dataclass(frozen=True, slots=True)
class Epoch:
    """The shape of one epoch.

    Args:
        samples: Real samples in the dataset, >= 1.
        batch_size: Slots in the *global* batch, over all ranks, >= 1.
        world: Ranks that share a global batch, >= 1.
        drop_last: Whether a short last batch is left out.

    Attributes:
        slots: Slots in an epoch.
        batches: Batches in an epoch.

    Raises:
        PlanError: No batch fits into the epoch, or the ranks cannot share a batch evenly.

    Example:
        >>> epoch = Epoch(samples=10, batch_size=4)
        >>> [epoch.slot(b) for b in range(5)]
        [0, 4, 8, 10, 14]
    """

    samples: int
    batch_size: int
    world: int = 1
    drop_last: bool = False
    slots: int = field(init=False)
    batches: int = field(init=False)

    def __post_init__(self) -> None:
        """Check that ranks and batches fit, and count."""
        object.__setattr__(self, "slots", self._count_slots())
        object.__setattr__(self, "batches", -(-self.slots // self.batch_size))
        if self.batch_size % self.world:
            raise PlanError(
                "SA108",
                f"The global batch must divide among the ranks, got {self.batch_size} slots for {self.world} ranks. "
                f"Use a global batch of {self.batch_size - self.batch_size % self.world or self.world} or "
                f"{self.batch_size + self.world - self.batch_size % self.world}.",
            )
        if not self.slots:
            raise PlanError(
                "SA109",
                f"An epoch must hold at least one batch, got {self.samples} samples for a global batch of "
                f"{self.batch_size} with drop_last={self.drop_last}. Use a smaller batch, or drop_last=False.",
            )

    def _count_slots(self) -> int:
        """Count the slots of an epoch: trimmed by `drop_last`, padded so that each rank has one in the last batch."""
        rest = self.samples % self.batch_size
        if self.drop_last:
            return self.samples - rest
        return self.samples + max(0, self.world - rest) if rest else self.samples

    def slot(self, batch: int) -> int:
        """Return the slots before a batch.

        Args:
            batch: Number of batches since the first epoch began, >= 0.

        Returns:
            Position in global samples.
        """
        epochs, within = divmod(batch, self.batches)
        return epochs * self.slots + min(within * self.batch_size, self.slots)
