"""What the main process tells a worker about one batch: numbers, hardly anything else."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from lightning_synthaug.mixing.errands import Errand

__all__ = ["BatchMessage", "Delivered", "Rows"]


class Rows(NamedTuple):
    """The rows of one rank's share of a batch. All of shape `(n,)` and dtype int64.

    Attributes:
        source: 0 for real, else the number of the synthetic source.
        sample: Index into the user's dataset, or into a synthetic dataset.
        twin: The real sample that is served where no synthetic one is: of a real row its own, else that which stands
            in on a miss.
        label: The label planned; -1 where unknown.
        shard: Shard of a generated sample; negative: a miss.
        row: Row in the shard.
        seed: Seed of the row's transform, the bits of an unsigned integer.
        transform: 1 where the row is transformed.
    """

    source: npt.NDArray[np.int64]
    sample: npt.NDArray[np.int64]
    twin: npt.NDArray[np.int64]
    label: npt.NDArray[np.int64]
    shard: npt.NDArray[np.int64]
    row: npt.NDArray[np.int64]
    seed: npt.NDArray[np.int64]
    transform: npt.NDArray[np.int64]


class BatchMessage(NamedTuple):
    """One batch, as a worker gets it.

    Attributes:
        number: Batches before it in the run.
        plain: Indices into the user's dataset, when all rows are real and untransformed; else None.
        matrix: The fields of `Rows`, stacked. Shape `(8, n)`. None when `plain` is given.
        errand: Real samples to be read besides; None for none.
    """

    number: int
    plain: list[int] | None
    matrix: npt.NDArray[np.int64] | None
    errand: Errand | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel as plain bytes: half the cost of an array, and of a list."""
        told = self.plain if self.matrix is None else self.matrix
        whole = np.asarray(told, np.int64).tobytes()
        return _told, (self.number, whole, self.matrix is None, self.errand)


def _told(number: int, whole: bytes, plain: bool, errand: Errand | None) -> BatchMessage:
    """Read a message."""
    numbers = np.frombuffer(whole, np.int64)
    if plain:
        return BatchMessage(number, numbers.tolist(), None, errand)
    return BatchMessage(number, None, numbers.reshape(len(Rows._fields), -1), errand)


class Delivered(NamedTuple):
    """What a worker sends along with a batch.

    Attributes:
        number: Batches before it in the run.
        missed: Rows that were planned synthetic and served real, found by the worker; None for none.
        mixed: Why the rows of the batch are not the items that were planned; None where they are.
        unfit: Rows that were planned synthetic and served real because they do not fit the batch; None for none.
    """

    number: int
    missed: npt.NDArray[np.int64] | None
    mixed: str | None = None
    unfit: npt.NDArray[np.int64] | None = None

    @property
    def as_planned(self) -> bool:
        """Whether there is nothing to tell."""
        return self.missed is None and self.mixed is None and self.unfit is None
