"""The account of one batch: what was planned, what is served, and why that differs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lightning_synthaug.mixing.causes import DAMAGED, MISFIT, Codes
from lightning_synthaug.mixing.message import Delivered
from lightning_synthaug.plan import REAL, PlannedSlots
from lightning_synthaug.plan.seeding import Int64Array

__all__ = ["Account", "RowsOf", "Served"]

#: Those rows of a block that are a rank's share of a batch.
RowsOf = slice | Int64Array


class Served(NamedTuple):
    """What one batch was made of, on this rank.

    Attributes:
        number: Batches before it.
        slots: Global positions of its rows. Shape `(n,)`.
        planned: Source planned for each row. Shape `(n,)`.
        served: Source served for each row; real where a stand-in was. Shape `(n,)`.
        mixed: Why the rows of the batch are not these, where a collate function mixed them; else None.
    """

    number: int
    slots: Int64Array
    planned: Int64Array
    served: Int64Array
    mixed: str | None = None


class Account(NamedTuple):
    """A batch on its way or delivered.

    Attributes:
        block: The block that it is in.
        rows: Its rows there.
        served: Source served for each row; None: all real, as planned.
        codes: Why rows are not what was planned; None: all are.
        mixed: Why the rows of the batch are not these, where a collate function mixed them; else None.
    """

    block: PlannedSlots
    rows: RowsOf
    served: Int64Array | None
    codes: Codes | None = None
    mixed: str | None = None

    @property
    def size(self) -> int:
        """Rows of the batch."""
        rows = self.rows
        return int(rows.stop - rows.start) if isinstance(rows, slice) else rows.size

    def planned(self) -> Int64Array:
        """Return the source planned for each row; maybe a view of the block."""
        source: Int64Array = self.block.source[self.rows]
        return source

    def positions(self) -> Int64Array:
        """Write its rows out as numbers."""
        rows = self.rows
        return np.arange(rows.start, rows.stop) if isinstance(rows, slice) else rows

    def some(self, rows: Int64Array | slice) -> PlannedSlots:
        """Return what was planned for some of its rows.

        Args:
            rows: Rows of the batch.
        """
        return self.block.where(self.positions()[rows])

    def told(self, delivered: Delivered) -> Account:
        """Take in what the worker found when it read the batch.

        Args:
            delivered: What it said.

        Returns:
            The account, corrected.
        """
        account = self._replace(mixed=delivered.mixed)
        for rows, code in (delivered.missed, DAMAGED), (delivered.unfit, MISFIT):
            if rows is not None and account.served is not None:
                account = account._without(rows, code)
        return account

    def written(self, number: int) -> Served:
        """Write it out.

        Args:
            number: Batches before it.
        """
        planned = np.array(self.planned())  # the block itself is read-only
        served = planned if self.served is None else self.served
        return Served(number, self.block.start + self.positions(), planned, served, self.mixed)

    def _without(self, rows: Int64Array, code: int) -> Account:
        """Note that real samples are served in some rows."""
        assert self.served is not None
        served = self.served.copy()
        codes = np.zeros(served.size, np.int8) if self.codes is None else self.codes.copy()
        served[rows], codes[rows] = REAL, code
        return self._replace(served=served, codes=codes)
