"""Where samples lie: identities of requests mapped to shard and row, vectorised."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.filling.identity import split
from lightning_synthaug.plan.seeding import Int64Array

__all__ = ["GIVEN_UP", "UNKNOWN", "Places"]

#: (shard, row) of what is not in the store.
UNKNOWN = -1
#: (shard, row) of what every attempt was turned down for.
GIVEN_UP = -2


#: A direct table may have this many cells a sample, and this many besides.
_CELLS_EACH, _CELLS_FREE = 4, 4096
#: What was added lately is sorted into the main table once it is larger than this, and than an eighth of that.
_LATE = 1024


@final
class Places:
    """A table of what one source has in the store. About 100 bytes a sample at most.

    What was added lately is a second, small table, so that samples that come in while others are looked up do not have
    all of them sorted anew each time.
    """

    def __init__(self) -> None:
        self._main = _Table.of([])
        self._late = _Table.of([])
        self._added: list[_Table] = []

    def __len__(self) -> int:
        """Return how many identities are settled."""
        return sum(table.identities.size for table in (self._main, self._late, *self._added))

    def find(self, identities: Int64Array) -> npt.NDArray[np.int64]:
        """Look identities up.

        Args:
            identities: Shape `(n,)`; negative ones are never settled.

        Returns:
            (shard, row), shape `(n, 2)`; UNKNOWN where not settled, GIVEN_UP where exhausted.
        """
        self._absorb()
        out = self._main.find(identities)
        if self._late.identities.size:
            unknown = np.flatnonzero(out[:, 0] == UNKNOWN)
            out[unknown] = self._late.find(identities[unknown])
        return out

    def missing(self, identities: Int64Array) -> Int64Array:
        """Keep the identities that are not settled, in their order.

        Args:
            identities: Shape `(n,)`.

        Returns:
            Those that `find` does not know.
        """
        unknown: Int64Array = identities[self.find(identities)[:, 0] == UNKNOWN]
        return unknown

    def add(self, identities: Int64Array, places: npt.NDArray[np.int64]) -> None:
        """Settle identities.

        Args:
            identities: Distinct, not settled before. Shape `(n,)`.
            places: (shard, row) of each. Shape `(n, 2)`.
        """
        self._added.append(_Table(identities, places, None))

    def forget(self, identities: Int64Array) -> None:
        """Unsettle identities: their samples turned out to be damaged or gone.

        Args:
            identities: Shape `(n,)`.
        """
        self._main = _Table.of([self._main, self._late, *self._added], without=identities)
        self._late = _Table.of([])
        self._added.clear()

    def _absorb(self) -> None:
        """Sort in what was added: once before it is asked for, not once a batch that is filled."""
        if not self._added:
            return
        self._late = _Table.of([self._late, *self._added])
        self._added.clear()
        if self._late.identities.size > max(_LATE, self._main.identities.size // 8):
            self._main, self._late = _Table.of([self._main, self._late]), _Table.of([])


class _Table(NamedTuple):
    """Identities in ascending order, and where each lies."""

    identities: Int64Array
    places: npt.NDArray[np.int64]
    direct: _Direct | None

    @classmethod
    def of(cls, tables: Sequence[_Table], *, without: Int64Array | None = None) -> _Table:
        """Join tables, some of whose identities may be left out."""
        identities = np.concatenate([np.empty(0, np.int64), *(t.identities for t in tables)])
        places = np.concatenate([np.empty((0, 2), np.int64), *(t.places for t in tables)])
        if without is not None:
            keep = ~np.isin(identities, without)
            identities, places = identities[keep], places[keep]
        order = np.argsort(identities, kind="stable")
        identities, places = identities[order], places[order]
        return cls(identities, places, _Direct.of(identities, places))

    def find(self, identities: Int64Array) -> npt.NDArray[np.int64]:
        """Look identities up."""
        if self.direct is not None:
            return self.direct.find(identities)
        out = np.full((identities.size, 2), UNKNOWN, np.int64)
        if self.identities.size:
            at = np.searchsorted(self.identities[:-1], identities)
            known = self.identities[at] == identities
            out[known] = self.places[at[known]]
        return out


@final
class _Direct:
    """The same table with a cell for each number of each group: found by arithmetic, where that is not too sparse."""

    def __init__(self, first: Int64Array, size: Int64Array, cells: npt.NDArray[np.int64]) -> None:
        self._first, self._size, self._cells = first, size, cells

    @classmethod
    def of(cls, identities: Int64Array, places: npt.NDArray[np.int64]) -> _Direct | None:
        """Build the table, or say that it would be too sparse."""
        if not identities.size:
            return None
        group, number = split(identities)
        room = _CELLS_EACH * identities.size + _CELLS_FREE
        if int(group[-1]) >= room:
            return None
        size = np.zeros(int(group[-1]) + 1, np.int64)
        np.maximum.at(size, group, number + 1)
        total = int(size.sum())
        if total > room:
            return None
        first = np.cumsum(size) - size
        cells = np.full((total, 2), UNKNOWN, np.int64)
        cells[first[group] + number] = places
        return cls(first, size, cells)

    def find(self, identities: Int64Array) -> npt.NDArray[np.int64]:
        """Look identities up."""
        group, number = split(identities)
        known = (identities >= 0) & (group < self._size.size)
        group = np.where(known, group, 0)
        known &= number < self._size[group]
        at = np.where(known, self._first[group] + number, 0)
        found: npt.NDArray[np.int64] = self._cells.take(at, axis=0)
        found[~known] = UNKNOWN
        return found
