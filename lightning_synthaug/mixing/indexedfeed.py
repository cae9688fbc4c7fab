"""The main process's half of mixing samples known by index: finds them, fills what is missing, keeps account."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from lightning_synthaug.filling import say
from lightning_synthaug.mixing.accounts import Account, RowsOf, Served
from lightning_synthaug.mixing.causes import CAUSES, MISFIT, UNMAKEABLE, Codes
from lightning_synthaug.mixing.collapses import Collapses
from lightning_synthaug.mixing.describing import unmakeable_text
from lightning_synthaug.mixing.ledger import Ledger
from lightning_synthaug.mixing.ledgerhead import counts_of, described
from lightning_synthaug.mixing.message import BatchMessage, Delivered
from lightning_synthaug.mixing.mixture import Mixture
from lightning_synthaug.mixing.progress import Progress
from lightning_synthaug.mixing.recorder import Recorder
from lightning_synthaug.mixing.replay import Replay, not_replayable
from lightning_synthaug.mixing.supply import Supply
from lightning_synthaug.mixing.totals import Totals
from lightning_synthaug.plan import REAL, AnyPlan, Plan, PlannedSlots, SourceChange

__all__ = ["IndexedFeed"]

#: Batches whose account is kept: more than any loader has under way.
_KEPT = 256


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
        #: Writes the ledger; None where there is none.
        self.recorder: Recorder | None = None
        self.start = 0
        self.stop = 0
        self.reading = False  # by a mixed loader, which alone makes batches of what is planned
        self.ended = False  # a mixed loader has read the pass to its end
        self._supply = Supply(mixture, leader=leader, world=world)
        self._collapses = Collapses(mixture, rank=rank, leader=leader)
        self._replay: Replay | None = None
        if mixture.recipe.replay is not None:
            self._replay = Replay(Ledger.read(mixture.recipe.replay))
            self._supply.replay(self._replay)
        self._accounts: dict[int, Account] = {}
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
    def _record(self, event: SourceChange) -> None:
        """Take an event into the course of the run."""

    @abstractmethod
    def _rows(
        self, plan: AnyPlan, number: int, block: PlannedSlots, begin: int, end: int
    ) -> RowsOf:
        """Return the rows of a block that are this rank's of the batch from `begin` to `end`."""

    def begin(self) -> None:
        """Get ready for a pass of the loader: read the clock, plan, and fill what the pass needs."""
        self.plan, self.start, self.stop = self._open()
        if self._collapses.react(self.plan, batch=self.start, record=self._record):
            self.plan, self.start, self.stop = self._open()
        self._accounts = {n: a for n, a in self._accounts.items() if n < self.start}
        self.ended = False
        if self._replay is not None:
            self._replay.check_stream(self.state().get("fingerprint") or {}, self.start)
        if self.recorder is not None:
            plan = self.plan if isinstance(self.plan, Plan) else self.plan.plan
            self.recorder.begin(plan, self._described, counts_of(self.mixture))
        began = time.perf_counter()
        self._supply.begin(self.plan, self.start, self.stop, self.ends())
        self.totals.generated += self._supply.made()
        self.totals.fill_seconds += time.perf_counter() - began

    def pause(self) -> None:
        """Take note that nobody reads the pass any more."""
        self.reading = False
        if self.recorder is not None:
            self.recorder.pause()

    def flush(self) -> None:
        """Write down what the batches so far were, before a checkpoint goes beyond them."""
        if self.recorder is not None:
            self.recorder.flush()

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
            self._accounts[number] = Account(block.planned, rows, None)
            if isinstance(rows, slice):
                return BatchMessage(number, block.samples[rows], None, errand)
            return BatchMessage(number, block.planned.index[rows].tolist(), None, errand)
        account = Account(block.planned, rows, block.served[rows], block.codes(rows))
        self._accounts[number] = account
        return BatchMessage(number, None, block.matrix[:, rows], errand)

    def deliver(self, delivered: Delivered) -> None:
        """Account for a batch that is about to be handed over.

        Args:
            delivered: What its worker said.
        """
        number, account = delivered.number, self._accounts[delivered.number]
        self._accounts.pop(number - _KEPT, None)
        self._last = number
        if not delivered.as_planned:
            account = self._accounts[number] = account.told(delivered)
        if delivered.missed is not None:
            if self._replay is not None and number < self._replay.stop:
                raise not_replayable(f"{delivered.missed.size} damaged samples in batch {number}")
            self._supply.damaged(account.some(delivered.missed))
        if account.served is None:
            self.totals.rows += account.size
        else:
            self.totals.count(account.planned(), account.codes)
        if self.recorder is not None:
            self.recorder.batch(number, account.planned(), account.codes)
        if account.codes is not None:
            self._tell(account, account.codes)
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
        return account.written(number)

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
        return self.mixture.provenance(account.some(slice(row, row + 1)))

    def _described(self) -> dict[str, Any]:
        """Describe the run for the ledger."""
        plan = self.plan if isinstance(self.plan, Plan) else None
        return described(self.mixture, self.state(), plan)

    def _tell(self, account: Account, codes: Codes) -> None:
        """Tell the user, once, that rows are not what was planned."""
        each = np.bincount(codes, minlength=len(CAUSES) + 1)
        asked, unfit = int(np.count_nonzero(account.planned())), int(each[MISFIT])
        if each[UNMAKEABLE]:
            without = account.some(np.flatnonzero(codes == UNMAKEABLE))
            self._say_once("unmakeable", unmakeable_text(self.mixture.recipe, without, self.plan))
        if unfit:
            self._say_once(
                "unfit",
                f"{unfit} of {asked} synthetic rows of a batch do not fit it: they are larger than its samples, or "
                "cannot be collated with them; the samples that they would displace are served, here and from now "
                "on, counted as `misses`",
            )
        missing = int(each[1:].sum() - each[UNMAKEABLE]) - unfit
        if missing:
            self._say_once(
                "missing",
                f"{missing} of {asked} synthetic rows of a batch are not in the cache; real samples with the "
                "labels asked for stand in, here and from now on, counted as `misses`",
            )

    def _say_once(self, what: str, text: str) -> None:
        """Tell the user something the first time that it happens; an empty text tells nothing."""
        if text and what not in self._said:
            self._said.add(what)
            say(text)
