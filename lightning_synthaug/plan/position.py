"""From a number of batches to a position in global samples, short last batches included."""

from __future__ import annotations

from dataclasses import dataclass, field
from numbers import Integral
from typing import final

import numpy as np

from lightning_synthaug.errors import PlanError
from lightning_synthaug.plan.seeding import Int64Array, divide

__all__ = ["Epoch"]


@final
@dataclass(frozen=True, slots=True)
class Epoch:
    """The shape of one epoch. It does not depend on how many ranks share it: all of them plan alike.

    The last batch of an epoch can hold fewer slots than there are ranks; `rank_rows` then gives the others one again.
    With `drop_last` the samples that do not fill a *global* batch are left out, where `DistributedSampler` first pads
    its shares and lets each rank drop what does not fill its own batch: 11 samples on 2 ranks in batches of 2 each are
    2 batches here and 3 there. Counted that way, the epoch's length, and with it the plan, would hang on the world.

    Args:
        samples: Real samples in the dataset, >= 1.
        batch_size: Slots in the *global* batch, over all ranks, >= 1.
        world: Ranks that share a global batch, >= 1.
        drop_last: Whether a short last batch is left out.
        extra: Slots that are added to each global batch, >= 0, a multiple of `world`; no real sample of the epoch
            sits in them.

    Attributes:
        real: Slots of an epoch without the added ones.
        slots: Slots in an epoch.
        batches: Batches in an epoch.

    Raises:
        PlanError: A size is no whole number in its range, no batch fits into the epoch, or the ranks cannot share a
            batch evenly.

    Example:
        >>> epoch = Epoch(samples=10, batch_size=4)
        >>> [epoch.slot(b) for b in range(5)]
        [0, 4, 8, 10, 14]
    """

    samples: int
    batch_size: int
    world: int = 1
    drop_last: bool = False
    extra: int = 0
    real: int = field(init=False)
    slots: int = field(init=False)
    batches: int = field(init=False)

    def __post_init__(self) -> None:
        """Check that ranks and batches fit, and count."""
        for name, least in (("samples", 0), ("batch_size", 1), ("world", 1), ("extra", 0)):
            value = getattr(self, name)
            if not isinstance(value, Integral) or value < least:
                raise PlanError(
                    "SA108",
                    f"`{name}` must be a whole number >= {least}, got {value!r}. Count samples, slots of the global "
                    "batch, ranks and added slots.",
                )
            object.__setattr__(
                self, name, int(value)
            )  # NumPy's integers print, and so hash, in another way
        if self.batch_size % self.world:
            lower = self.batch_size - self.batch_size % self.world
            sizes = [str(n) for n in (lower, lower + self.world) if n]
            raise PlanError(
                "SA108",
                f"The global batch must divide among the ranks, got {self.batch_size} slots for {self.world} ranks. "
                f"Use a global batch of {' or '.join(sizes)}.",
            )
        if self.extra % self.world:
            raise PlanError(
                "SA108",
                f"`extra` must divide among the ranks, got {self.extra} slots for {self.world} ranks. Use a multiple "
                f"of {self.world}.",
            )
        rest = self.samples % self.batch_size
        real = self.samples - rest if self.drop_last else self.samples
        if not real:
            raise PlanError(
                "SA109",
                f"An epoch must hold at least one batch, got {self.samples} samples for a global batch of "
                f"{self.batch_size} with drop_last={self.drop_last}. Use a smaller batch, or drop_last=False.",
            )
        object.__setattr__(self, "real", real)
        object.__setattr__(self, "batches", -(-real // self.batch_size))
        object.__setattr__(self, "slots", real + self.batches * self.extra)

    def shape(self) -> list[int | bool]:
        """Return the arguments that make this shape, of plain types, for a checkpoint."""
        return [self.samples, self.batch_size, self.world, self.drop_last, self.extra]

    @classmethod
    def of_shape(cls, shape: object) -> Epoch | None:
        """Read a shape back, trusting nothing: checkpoints travel between people.

        Args:
            shape: What `shape` returned.

        Returns:
            The epoch; None when it is not what this package writes.
        """
        match shape:
            case [int(samples), int(size), int(world), bool(drop), int(extra)] if not any(
                isinstance(n, bool) for n in (samples, size, world, extra)
            ):
                try:
                    return cls(samples, size, world, drop, extra)
                except PlanError:
                    return None
        return None

    def slot(self, batch: int) -> int:
        """Return the slots before a batch.

        Args:
            batch: Number of batches since the first epoch began, >= 0.

        Returns:
            Position in global samples.
        """
        return self.real_slot(batch) + batch * self.extra

    def real_slot(self, batch: int) -> int:
        """Return the slots before a batch without the added ones.

        Args:
            batch: Number of batches since the first epoch began, >= 0.

        Returns:
            Position in the real samples of epochs at ratio 0.
        """
        epochs, within = divmod(batch, self.batches)
        return epochs * self.real + min(within * self.batch_size, self.real)

    def real_slots(self, batches: Int64Array) -> Int64Array:
        """Return the slots before each of several batches without the added ones; see `real_slot`.

        Args:
            batches: Numbers of batches since the first epoch began, >= 0. Shape `(n,)`.

        Returns:
            Positions, shape `(n,)`.
        """
        epochs, within = divide(batches, self.batches)
        slots: Int64Array = epochs * self.real + np.minimum(within * self.batch_size, self.real)
        return slots

    def batches_before(self, slot: int) -> int:
        """Return the batches before the one that a slot begins.

        Args:
            slot: Position in global samples that is the first of a batch.

        Returns:
            Number of batches since the first epoch began.
        """
        epochs, within = divmod(slot, self.slots)
        return epochs * self.batches + -(-within // (self.batch_size + self.extra))
