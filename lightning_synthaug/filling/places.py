"""Where samples lie: identities of requests mapped to shard and row, vectorised."""

from __future__ import annotations

import abc
from collections.abc import Iterator
from itertools import chain
from typing import final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.filling.identity import join, split
from lightning_synthaug.plan.seeding import Int64Array

__all__ = ["GIVEN_UP", "UNKNOWN", "Places"]

#: (shard, row) of what is not in the store.
UNKNOWN = -1
#: (shard, row) of what every attempt was turned down for.
GIVEN_UP = -2


#: A direct table may have this many cells a sample, this many besides, and no more than this.
_CELLS_EACH, _CELLS_FREE, _MOST_CELLS = 2, 4096, np.iinfo(np.int32).max
#: What was added lately is sorted into the main table once it is larger than this, and than an eighth of all.
_LATE = 1024
#: Entries that are looked at or moved at once, so that what is kept meanwhile is small against the table.
_AT_ONCE = 1 << 16
_Piece = tuple[Int64Array, Int64Array]
_NOTHING: Int64Array = np.empty(0, np.int64)


@final
class Places:
    """A table of what one source has in the store. About 16 bytes a sample at most, and as much again while it grows.

    A place is kept in 8 bytes, a cell: the number of its shard among those seen, and its row, which is below 2^18. What
    was added lately and has no cell is a second, small table, so that samples that come in while others are looked up
    do not have all of them sorted anew each time.
    """

    def __init__(self) -> None:
        #: Shards in the order seen, by number; the two numbers below zero mean themselves.
        self._shards = np.array([GIVEN_UP, UNKNOWN])
        self._numbers = {GIVEN_UP: GIVEN_UP, UNKNOWN: UNKNOWN}
        self._main: _Table = _Sorted.of()
        self._late: _Table = _Sorted.of()
        self._added: list[_Piece] = []
        self._count = 0
        self.forgotten = 0  #: How often something that was settled turned out to be wrong.

    def __len__(self) -> int:
        """Return how many identities are settled."""
        return self._count

    def find(self, identities: Int64Array) -> npt.NDArray[np.int64]:
        """Look identities up.

        Args:
            identities: Shape `(n,)`; negative ones are never settled.

        Returns:
            (shard, row), shape `(n, 2)`; UNKNOWN where not settled, GIVEN_UP where exhausted.
        """
        places = self._cells(identities).view(np.int32).reshape(-1, 2).astype(np.int64)
        places[:, 0] = self._shards[places[:, 0]]
        return places

    def missing(self, identities: Int64Array) -> Int64Array:
        """Keep the identities that are not settled, in their order.

        Args:
            identities: Shape `(n,)`.

        Returns:
            Those that `find` does not know.
        """
        parts = (identities[i : i + _AT_ONCE] for i in range(0, identities.size, _AT_ONCE))
        unknown = [part[self._cells(part) == UNKNOWN] for part in parts]
        return np.concatenate([identities[:0], *unknown])

    def settled(self) -> Int64Array:
        """List the identities that are settled, in ascending order."""
        self._absorb()
        pieces = [*self._main.pieces(), *self._late.pieces()]
        return np.sort(np.concatenate([_NOTHING, *(identities for identities, _ in pieces)]))

    def add(self, identities: Int64Array, places: npt.NDArray[np.int64]) -> None:
        """Settle identities.

        Args:
            identities: Distinct, not settled before. Shape `(n,)`.
            places: (shard, row) of each. Shape `(n, 2)`.
        """
        if not identities.size:
            return
        shards, which = np.unique(places[:, 0], return_inverse=True)
        for shard in shards.tolist():
            if shard not in self._numbers:
                self._numbers[shard] = self._shards.size - 2
                self._shards = np.insert(self._shards, -2, shard)
        cells = np.empty((identities.size, 2), np.int32)
        cells[:, 0] = np.array([self._numbers[shard] for shard in shards.tolist()], np.int32)[which]
        cells[:, 1] = places[:, 1]
        self._added.append((identities, cells.view(np.int64).ravel()))
        self._count += identities.size

    def forget(self, identities: Int64Array) -> None:
        """Unsettle identities: their samples turned out to be damaged or gone.

        Args:
            identities: Shape `(n,)`.
        """
        self.forgotten += 1
        distinct = np.unique(identities)
        self._count -= int(np.count_nonzero(self._cells(distinct) != UNKNOWN))
        for table in (self._main, self._late):
            table.put(distinct, np.full(distinct.size, UNKNOWN))

    def _cells(self, identities: Int64Array) -> Int64Array:
        """Look up the cells of identities."""
        self._absorb()
        cells = self._main.find(identities)
        if self._late.size:
            unknown = np.flatnonzero(cells == UNKNOWN)
            cells[unknown] = self._late.find(identities[unknown])
        return cells

    def _absorb(self) -> None:
        """Sort in what was added: once before it is asked for, not once a batch that is filled."""
        if not self._added:
            return
        identities, cells = map(np.concatenate, zip(*self._added, strict=True))
        self._added.clear()
        for table in (self._main, self._late):
            new = ~table.put(identities, cells)
            identities, cells = identities[new], cells[new]
        if identities.size:
            self._late = _joined(self._late, _Sorted.of(identities, cells))
        if self._late.size > max(_LATE, self._count // 8):
            self._main, self._late = _joined(self._main, self._late), _Sorted.of()


def _joined(main: _Table, late: _Table) -> _Table:
    """Make one table of two, found by arithmetic where that is not too sparse."""
    size = main.settled() + late.settled()
    direct = _Direct.of(main, late, room=min(_CELLS_EACH * size + _CELLS_FREE, _MOST_CELLS))
    return direct or _Sorted.merged(main, late, size)


class _Table(abc.ABC):
    """Cells of identities.

    Args:
        cells: The cells, and behind them UNKNOWN for what has none.
    """

    def __init__(self, cells: Int64Array) -> None:
        self._cells = cells
        #: Cells, settled or not.
        self.size = cells.size - 1

    @abc.abstractmethod
    def places_of(self, identities: Int64Array) -> Int64Array:
        """Tell which cell each has, `size` for those that have none."""

    @abc.abstractmethod
    def groups(self) -> int:
        """Tell how many groups there are up to the last one."""

    @abc.abstractmethod
    def pieces(self) -> Iterator[_Piece]:
        """Go through the identities that are settled, in ascending order, and their cells."""

    def settled(self) -> int:
        """Count the identities that are settled."""
        return int(np.count_nonzero(self._cells != UNKNOWN))

    def find(self, identities: Int64Array) -> Int64Array:
        """Look the cells of identities up."""
        return self._cells.take(self.places_of(identities))

    def put(self, identities: Int64Array, cells: Int64Array) -> npt.NDArray[np.bool_]:
        """Fill the cells of those that have one, and tell which do."""
        at = self.places_of(identities)
        there = at < self.size
        self._cells[at[there]] = cells[there]
        return there


@final
class _Sorted(_Table):
    """Identities in ascending order, a cell for each."""

    def __init__(self, identities: Int64Array, cells: Int64Array) -> None:
        super().__init__(cells)
        self._identities = identities

    @classmethod
    def of(cls, identities: Int64Array = _NOTHING, cells: Int64Array = _NOTHING) -> _Sorted:
        """Build the table of what is in no order."""
        order = np.argsort(identities, kind="stable")
        return cls(identities[order], np.append(cells[order], UNKNOWN))

    @classmethod
    def merged(cls, main: _Table, late: _Table, size: int) -> _Sorted:
        """Build the table of two, the second small, without a third copy of the first."""
        identities, cells = np.empty(size, np.int64), np.full(size + 1, UNKNOWN)
        more = [
            np.concatenate(column)
            for column in zip((_NOTHING, _NOTHING), *late.pieces(), strict=True)
        ]
        end = 0
        for some, theirs in chain(main.pieces(), [(_NOTHING, _NOTHING)]):
            upto = np.searchsorted(more[0], some[-1]) if some.size else more[0].size
            both = np.concatenate([some, more[0][:upto]])
            order = np.argsort(both, kind="stable")
            here = slice(end, end + order.size)
            identities[here] = both[order]
            cells[here] = np.concatenate([theirs, more[1][:upto]])[order]
            more, end = [column[upto:] for column in more], here.stop
        return cls(identities, cells)

    def places_of(self, identities: Int64Array) -> Int64Array:
        """Look for each."""
        if not self.size:
            return np.zeros_like(identities)
        at = np.searchsorted(self._identities[:-1], identities)
        return np.where(self._identities[at] == identities, at, self.size)

    def groups(self) -> int:
        """Take the last identity apart."""
        return split(int(self._identities[-1]))[0] + 1 if self.size else 0

    def pieces(self) -> Iterator[_Piece]:
        """Go through it, some at once."""
        for first in range(0, self.size, _AT_ONCE):
            some = slice(first, min(first + _AT_ONCE, self.size))
            settled = self._cells[some] != UNKNOWN
            if settled.any():
                yield self._identities[some][settled], self._cells[some][settled]


@final
class _Direct(_Table):
    """A cell for each number of each group: found by arithmetic.

    Args:
        first: The first cell of each group, and behind them twice the number of cells: a group without any.
    """

    def __init__(self, first: npt.NDArray[np.int32], cells: Int64Array) -> None:
        super().__init__(cells)
        self._first = first

    @classmethod
    def of(cls, *tables: _Table, room: int) -> _Direct | None:
        """Build the table, or say that it would have more cells than it may."""
        groups = max(table.groups() for table in tables)
        if groups > room:
            return None
        sizes = np.zeros(groups, np.int32)
        for table in tables:
            for identities, _ in table.pieces():
                group, number = split(identities)
                if int(number.max()) >= room:
                    return None
                np.maximum.at(sizes, group, (number + 1).astype(np.int32))
        total = int(sizes.sum(dtype=np.int64))
        if not 0 < total <= room:
            return None
        first = np.zeros(sizes.size + 2, np.int32)
        np.cumsum(sizes, out=first[1:-1])
        first[-1] = total
        made = cls(first, np.full(total + 1, UNKNOWN))
        for table in tables:
            for identities, cells in table.pieces():
                made.put(identities, cells)
        return made

    def places_of(self, identities: Int64Array) -> Int64Array:
        """Compute each; a negative identity is of a group that is beyond all."""
        group, number = split(identities)
        group = np.minimum(group.view(np.uint64), self._first.size - 2).view(np.int64)
        at = self._first.take(group) + number
        return np.where(at < self._first.take(group + 1), at, self.size)

    def groups(self) -> int:
        """Count those that there is room for."""
        return self._first.size - 2

    def pieces(self) -> Iterator[_Piece]:
        """Go through it, some at once."""
        for start in range(0, self.size, _AT_ONCE):
            settled = self._cells[start : min(start + _AT_ONCE, self.size)] != UNKNOWN
            at = np.flatnonzero(settled) + start
            if at.size:
                group = np.searchsorted(self._first, at.astype(np.int32), side="right") - 1
                yield join(group, at - self._first[group]), self._cells[at]
