"""Large fields of rows that still lie in their files: copied once, to where they are needed."""

from __future__ import annotations

from collections.abc import Callable
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
        check: Called just before the file is touched, raises where it was cut short; what is in memory needs none.
    """

    values: npt.NDArray[Any]
    rows: npt.NDArray[np.int64]
    places: npt.NDArray[np.int64]
    check: Callable[[], object] = object


@final
class Scattered:
    """One field of some rows, in the files that they lie in.

    A file may be cut short until they are copied, and to touch what is gone would end the process.

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
        """Copy the field of one row; read-only, so that a record keeps it without another copy. Raises as `put`."""
        for values, rows, places, check in self.stretches:
            at = (places == place).nonzero()[0]
            if at.size:
                check()
                copy = np.array(values[rows[at[0]]], order="C")
                copy.flags.writeable = False
                return copy
        raise IndexError(place)

    def put(self, into: npt.NDArray[Any], where: npt.NDArray[np.int64]) -> None:
        """Copy all rows.

        Args:
            into: Array of the same dtype, one row for each of a batch.
            where: Row of `into` for each place.

        Raises:
            CacheCorrupt: A file was cut short meanwhile.
        """
        for values, rows, places, check in self.stretches:
            check()
            for row, to in zip(rows.tolist(), where[places].tolist(), strict=True):
                into[to] = values[row]
