"""Where samples lie: identities of requests mapped to shard and row, vectorised."""

from __future__ import annotations

from typing import final

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


@final
class Places:
    """A table of what one source has in the store. About 100 bytes a sample at most."""

    def __init__(self) -> None:
        self._identities = np.empty(0, np.int64)
        self._places = np.empty((0, 2), np.int64)
        self._added: list[tuple[Int64Array, npt.NDArray[np.int64]]] = []
        self._direct: _Direct | None = None

    def __len__(self) -> int:
        """Return how many identities are settled."""
        return self._identities.size + sum(ids.size for ids, _ in self._added)

    def find(self, identities: Int64Array) -> npt.NDArray[np.int64]:
        """Look identities up.

        Args:
            identities: Shape `(n,)`; negative ones are never settled.

        Returns:
            (shard, row), shape `(n, 2)`; UNKNOWN where not settled, GIVEN_UP where exhausted.
        """
        self._absorb()
        if self._direct is not None:
            return self._direct.find(identities)
        out = np.full((identities.size, 2), UNKNOWN, np.int64)
        if self._identities.size:
            at = np.searchsorted(self._identities[:-1], identities)
            known = self._identities[at] == identities
            out[known] = self._places[at[known]]
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
        self._added.append((identities, places))

    def forget(self, identities: Int64Array) -> None:
        """Unsettle identities: their samples turned out to be damaged or gone.

        Args:
            identities: Shape `(n,)`.
        """
        self._absorb()
        keep = ~np.isin(self._identities, identities)
        self._set(self._identities[keep], self._places[keep])

    def _absorb(self) -> None:
        """Sort in what was added: once before it is asked for, not once a batch that is filled."""
        if not self._added:
            return
        identities = np.concatenate([self._identities, *(ids for ids, _ in self._added)])
        places = np.concatenate([self._places, *(places for _, places in self._added)])
        self._added.clear()
        order = np.argsort(identities, kind="stable")
        self._set(identities[order], places[order])

    def _set(self, identities: Int64Array, places: npt.NDArray[np.int64]) -> None:
        """Take over a sorted table."""
        self._identities, self._places = identities, places
        self._direct = _Direct.of(identities, places)


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
