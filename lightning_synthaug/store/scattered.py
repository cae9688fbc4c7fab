"""Large fields of rows that still lie in their files: copied once, to where they are needed."""

from __future__ import annotations

from typing import Any, NamedTuple, final

import numpy as np
import numpy.typing as npt

__all__ = ["Scattered", "Stretch"]


class Stretch(NamedTuple):
    """Those of the rows that lie in one file.

    Attributes:
        values: The field in all rows of the file, a view of it. Shape `(rows, *field shape)`.
        rows: Which of them are meant.
        places: Where each stands among all that are meant.
    """

    values: npt.NDArray[Any]
    rows: npt.NDArray[np.int64]
    places: npt.NDArray[np.int64]


@final
class Scattered:
    """One field of some rows, in the files that they lie in.

    It is to be read at once: somebody who cuts a file short later would end the process that reads it.

    Args:
        stretches: The rows of each file, at least one in all.
    """

    def __init__(self, stretches: list[Stretch]) -> None:
        self.stretches = stretches
        first = stretches[0].values
        self.dtype = first.dtype
        #: Shape of the field in one row.
        self.shape = first.shape[1:]

    def __getitem__(self, place: int) -> npt.NDArray[Any]:
        """Copy the field of one row; read-only, so that a record keeps it without another copy."""
        for values, rows, places in self.stretches:
            at = (places == place).nonzero()[0]
            if at.size:
                copy = np.array(values[rows[at[0]]], order="C")
                copy.flags.writeable = False
                return copy
        raise IndexError(place)

    def put(self, into: npt.NDArray[Any], where: npt.NDArray[np.int64]) -> None:
        """Copy all rows.

        Args:
            into: Array of the same dtype, one row for each of a batch.
            where: Row of `into` for each place.
        """
        for values, rows, places in self.stretches:
            for row, to in zip(rows.tolist(), where[places].tolist(), strict=True):
                into[to] = values[row]
