"""The main process's half of mixing samples known by index: finds them, fills what is missing, keeps account."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from lightning_synthaug.filling import GIVEN_UP, say
from lightning_synthaug.mixing.describing import unmakeable_text
from lightning_synthaug.mixing.message import BatchMessage, Delivered
from lightning_synthaug.mixing.mixture import Mixture
from lightning_synthaug.mixing.progress import Progress
from lightning_synthaug.mixing.supply import Supply
from lightning_synthaug.mixing.totals import Totals
from lightning_synthaug.plan import REAL, AnyPlan, PlannedSlots
from lightning_synthaug.plan.seeding import Int64Array

__all__ = ["IndexedFeed", "RowsOf", "Served"]

#: Batches whose account is kept: more than any loader has under way.
_KEPT = 256

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


class _Account(NamedTuple):
    """A batch on its way or delivered: its block, its rows in it, what is served; None: all real, as planned."""

    block: PlannedSlots
    rows: RowsOf
    served: Int64Array | None
    mixed: str | None = None
    starved: int = 0
    rejected: int = 0


class IndexedFeed(ABC):
    """Everything that one loader needs besides the workers.

    Args:
        mixture: Sources, adapters and the store.
        rank: This rank, in [0, world).
        world: Ranks that share a global batch.
        leader: Whether this process fills the cache for its node.
        progress: The run's clock.
    """

    #: Rows of one rank in a full batch, as the loader shows them; None where batches vary.
    batch_size: int | None = None
    #: Whether the loader shows that it drops a short last batch.
    drop_last: bool = False
    #: Whether a synthetic sample must fit the batch of the real one that it displaces.
    fits: bool = False

    def __init__(
        self, mixture: Mixture, *, rank: int, world: int, leader: bool, progress: Progress
    ) -> None:
        self.mixture = mixture
        self.rank = rank
        self.world = world
        self.leader = leader
        self.progress = progress
        #: The user's sampler, whose draws from the random states are made in its place.
        self.replaces: Any = None
        self.totals = Totals(list(mixture.recipe.sources))
        self.plan: AnyPlan | None = None
        self.start = 0
        self.stop = 0
        self.reading = False  # by a mixed loader, which alone makes batches of what is planned
        self.ended = False  # a mixed loader has read the pass to its end
        self._supply = Supply(mixture, leader=leader, world=world)
        self._accounts: dict[int, _Account] = {}
        self._last = -1
        self._said: set[str] = set()

    @abstractmethod
    def told_length(self) -> int | None:
        """Return the batches of an epoch that the loader tells a framework of; None where it does not."""

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """Return what a checkpoint must hold besides the clock: plain types; no I/O, no lock."""

    def ends(self) -> int | None:
        """Return the batches before the end of what is planned; None where no end is known."""
        return self.stop

    @abstractmethod
    def _open(self) -> tuple[AnyPlan, int, int]:
        """Read the clock and plan a pass: the plan, its first batch and the one after its last."""

    @abstractmethod
    def _rows(
        self, plan: AnyPlan, number: int, block: PlannedSlots, begin: int, end: int
    ) -> RowsOf:
        """Return the rows of a block that are this rank's of the batch from `begin` to `end`."""

    def begin(self) -> None:
        """Get ready for a pass of the loader: read the clock, plan, and fill what the pass needs."""
        self.plan, self.start, self.stop = self._open()
        self._accounts = {n: a for n, a in self._accounts.items() if n < self.start}
        self.ended = False
        began = time.perf_counter()
        self._supply.begin(self.plan, self.start, self.stop, self.ends())
        self.totals.generated += self._supply.made()
        self.totals.fill_seconds += time.perf_counter() - began

    def listen(self) -> None:
        """Let producers go on while no batch is asked for."""
        self._supply.listen()

    def _first(self) -> int:
        """Read the clock for the first batch of a pass.

        A framework that fetches ahead and begins a loader anew amid its epoch has not trained on the last batch yet.
        """
        done = self.progress.done()
        ahead = self.ended and self._last == done and self.progress.amid()
        return done + 1 if ahead else done

    def message(self, number: int) -> BatchMessage:
        """Write out one batch for a worker.

        Args:
            number: Batches before it in the run.

        Returns:
            What the worker shall read.
        """
        plan = self.plan
        assert plan is not None
        block = self._supply.complete(plan, number)
        self.totals.generated += self._supply.made()
        errand = self._supply.errand()
        a, b = block.span(number)
        rows = self._rows(plan, number, block.planned, a, b)
        if block.plain[number - block.first]:
            self._accounts[number] = _Account(block.planned, rows, None)
            if isinstance(rows, slice):
                return BatchMessage(number, block.samples[rows], None, errand)
            return BatchMessage(number, block.planned.index[rows].tolist(), None, errand)
        account = _Account(block.planned, rows, block.served[rows])
        if block.lacks:
            starved = block.lacking(self.mixture.is_generated, rows)
            rejected = block.matrix[4, rows] == GIVEN_UP
            account = account._replace(starved=_count(starved), rejected=_count(rejected))
        self._accounts[number] = account
        return BatchMessage(number, None, block.matrix[:, rows], errand)

    def deliver(self, delivered: Delivered) -> None:
        """Account for a batch that is about to be handed over.

        Args:
            delivered: What its worker said.
        """
        number, missed, mixed, unfit = delivered
        account = self._accounts[number]
        self._accounts.pop(number - _KEPT, None)
        self._last = number
        served = account.served
        if served is None:
            self.totals.rows += _length(account.rows)
        else:
            if missed is not None:
                served = served.copy()
                served[missed] = REAL
                account = account._replace(served=served, starved=account.starved + missed.size)
                self._accounts[number] = account
                self._supply.damaged(account.block.where(_positions(account.rows)[missed]))
            if unfit is not None:
                served = served.copy()
                served[unfit] = REAL
                self._accounts[number] = account._replace(served=served)
            self._count(account, served, 0 if unfit is None else unfit.size)
        if mixed is not None:
            self._accounts[number] = self._accounts[number]._replace(mixed=mixed)
        self.progress.delivered(number)

    def served(self, batch: Any = None) -> Served | None:
        """Return the account of the batch being trained on: the clock's, or the last one handed over.

        Args:
            batch: The batch itself, for clocks that would not know otherwise.
        """
        number = self.progress.current(self._last, batch)
        account = self._accounts.get(number)
        if account is None:
            return None
        planned = np.array(account.block.source[account.rows])  # the block itself is read-only
        served = planned if account.served is None else account.served
        slots = account.block.start + _positions(account.rows)
        return Served(number, slots, planned, served, account.mixed)

    def provenance(self, number: int, row: int) -> dict[str, Any] | None:
        """Look up what made a row of a batch that was delivered lately.

        Args:
            number: Batches before it.
            row: Row of this rank's share of the batch.

        Returns:
            What the store keeps of it; None where a real sample was served.
        """
        account = self._accounts.get(number)
        if account is None or account.served is None or account.served[row] == REAL:
            return None
        return self.mixture.provenance(account.block.where(_positions(account.rows)[row : row + 1]))

    def _count(self, account: _Account, served: Int64Array, unfit: int) -> None:
        """Add a batch with synthetic or transformed rows to the totals."""
        planned = account.block.source[account.rows]
        asked, given = int(np.count_nonzero(planned)), int(np.count_nonzero(served))
        unmakeable = 0
        if given < asked:
            mine = account.block.where(_positions(account.rows))
            without = mine.where(mine.index < 0)
            unmakeable = len(without)
            if unmakeable:
                self._say_once("unmakeable", unmakeable_text(self.mixture.recipe, without))
        self.totals.rows += planned.size
        self.totals.planned += asked
        self.totals.served += given
        self.totals.unmakeable += unmakeable
        missing = asked - given - unmakeable
        self.totals.misses += missing
        self.totals.starved += account.starved
        self.totals.rejected += account.rejected
        if unfit:
            self._say_once(
                "unfit",
                f"{unfit} of {asked} synthetic rows of a batch do not fit it: they are larger than its samples, or "
                "cannot be collated with them; the samples that they would displace are served, here and from now "
                "on, counted as `misses`",
            )
        if missing > unfit:
            self._say_once(
                "missing",
                f"{missing - unfit} of {asked} synthetic rows of a batch are not in the cache; real samples with the "
                "labels asked for stand in, here and from now on, counted as `misses`",
            )

    def _say_once(self, what: str, text: str) -> None:
        """Tell the user something the first time that it happens."""
        if what not in self._said:
            self._said.add(what)
            say(text)


def _positions(rows: RowsOf) -> Int64Array:
    """Write rows out as numbers."""
    return np.arange(rows.start, rows.stop) if isinstance(rows, slice) else rows


def _count(mask: npt.NDArray[np.bool_]) -> int:
    """Count rows."""
    return int(np.count_nonzero(mask))


def _length(rows: RowsOf) -> int:
    """Count rows."""
    return int(rows.stop - rows.start) if isinstance(rows, slice) else rows.size
