"""The main process's half of mixing: plans batches, finds samples, fills what is missing, keeps account."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any, NamedTuple, final

import numpy as np

from lightning_synthaug.errors import FillError
from lightning_synthaug.filling import UNKNOWN, SourceFiller, Turns, say
from lightning_synthaug.mixing.blocks import Blocks, ReadyBlock
from lightning_synthaug.mixing.fingerprint import stream_fingerprint
from lightning_synthaug.mixing.message import BatchMessage, Delivered
from lightning_synthaug.mixing.mixture import Mixture
from lightning_synthaug.mixing.progress import Progress
from lightning_synthaug.plan import REAL, Epoch, Plan, PlannedSlots, rank_rows
from lightning_synthaug.plan.seeding import Int64Array

__all__ = ["Feed", "Served", "Totals"]

#: Batches whose account is kept: more than any loader has under way.
_KEPT = 256


_Rows = slice | Int64Array


class Served(NamedTuple):
    """What one batch was made of, on this rank.

    Attributes:
        number: Batches before it.
        slots: Global positions of its rows. Shape `(n,)`.
        planned: Source planned for each row. Shape `(n,)`.
        served: Source served for each row; real where a stand-in was. Shape `(n,)`.
    """

    number: int
    slots: Int64Array
    planned: Int64Array
    served: Int64Array


class _Account(NamedTuple):
    """A batch on its way or delivered: its block, its rows in it, what is served; None: all real, as planned."""

    block: PlannedSlots
    rows: _Rows
    served: Int64Array | None


@final
class Totals:
    """Running sums over the batches handed over on this rank, for logs and reports."""

    def __init__(self) -> None:
        self.rows = 0
        self.planned = 0
        self.served = 0
        self.misses = 0
        self.unmakeable = 0
        self.generated = 0
        self.fill_seconds = 0.0


@final
class Feed:
    """Everything that one loader needs besides the workers.

    Args:
        mixture: Sources, adapters and the store.
        epoch: Shape of an epoch; its batch is the global one.
        rank: This rank, in [0, epoch.world).
        leader: Whether this process fills the cache for its node.
        shuffle: Whether real samples are shuffled.
        progress: The run's clock.
        on_plan: Called with the fingerprint of the stream whenever the plan is compiled, before anything is made.
    """

    def __init__(
        self,
        mixture: Mixture,
        epoch: Epoch,
        *,
        rank: int,
        leader: bool,
        shuffle: bool,
        progress: Progress,
        on_plan: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        self.mixture = mixture
        self.epoch = epoch
        self.rank = rank
        self.leader = leader
        self.shuffle = shuffle
        self.progress = progress
        self._on_plan = on_plan
        self.totals = Totals()
        self.plan: Plan | None = None
        self.start = 0
        self.stop = 0
        self._total: int | None = None
        self._blocks = Blocks(mixture)
        self._accounts: dict[int, _Account] = {}
        self._last = -1
        self._said_unmakeable = self._said_missing = False

    def begin(self) -> None:
        """Get ready for a pass of the loader: read the clock, plan, and fill what the pass needs."""
        self.start = self.progress.done()
        total = self.progress.total(self.epoch.batches)
        if self.plan is None or total != self._total:
            self._total = total
            self.plan = self.mixture.compile(self.epoch, total, shuffle=self.shuffle)
            if self._on_plan is not None:
                self._on_plan(
                    stream_fingerprint(self.mixture.recipe, self.mixture.dataset, self.plan)
                )
        self.stop = self.start + self.progress.coming(self.epoch.batches)
        self._accounts.clear()
        began = time.perf_counter()
        self._fill(self.plan, self.plan.slot(self.start), self.plan.slot(self.stop))
        self._blocks.clear()
        self.totals.fill_seconds += time.perf_counter() - began

    def message(self, number: int) -> BatchMessage:
        """Write out one batch for a worker.

        Args:
            number: Batches before it in the run.

        Returns:
            What the worker shall read.
        """
        plan = self.plan
        assert plan is not None
        block = self._complete(plan, number)
        a, b = block.span(number)
        rows: _Rows = slice(a, b)
        if self.epoch.world > 1:
            rows = a + rank_rows(block.planned.source[a:b] != REAL, self.rank, self.epoch.world)
        if block.plain[number - block.first]:
            self._accounts[number] = _Account(block.planned, rows, None)
            alone = isinstance(rows, slice)
            return BatchMessage(
                number, block.samples[a:b] if alone else block.planned.index[rows].tolist(), None
            )
        self._accounts[number] = _Account(block.planned, rows, block.served[rows])
        return BatchMessage(number, None, block.matrix[:, rows])

    def deliver(self, delivered: Delivered) -> None:
        """Account for a batch that is about to be handed over.

        Args:
            delivered: What its worker said.
        """
        number, missed = delivered
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
                self._accounts[number] = account._replace(served=served)
                self._damaged(account.block.where(_positions(account.rows)[missed]))
            self._count(account, served)
        self.progress.delivered(number)

    def served(self) -> Served | None:
        """Return the account of the batch being trained on: the clock's, or the last one handed over."""
        number = min(self.progress.done(), self._last)
        account = self._accounts.get(number)
        if account is None:
            return None
        planned = account.block.source[account.rows]
        served = planned if account.served is None else account.served
        return Served(number, account.block.start + _positions(account.rows), planned, served)

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

    def _count(self, account: _Account, served: Int64Array) -> None:
        """Add a batch with synthetic or transformed rows to the totals."""
        planned = account.block.source[account.rows]
        asked, given = int(np.count_nonzero(planned)), int(np.count_nonzero(served))
        unmakeable = 0
        if given < asked:
            mine = account.block.where(_positions(account.rows))
            without = mine.where(mine.index < 0)
            unmakeable = len(without)
            if unmakeable and not self._said_unmakeable:
                self._said_unmakeable = True
                say(self.mixture.unmakeable_text(without))
        self.totals.rows += planned.size
        self.totals.planned += asked
        self.totals.served += given
        self.totals.unmakeable += unmakeable
        missing = asked - given - unmakeable
        self.totals.misses += missing
        if missing and not self._said_missing:
            self._said_missing = True
            say(
                f"{missing} of {asked} synthetic rows of a batch are not in the cache; real samples with the "
                "labels asked for stand in, here and from now on, counted as `misses`"
            )

    def _damaged(self, planned: PlannedSlots) -> None:
        """Have damaged samples made again when the next epoch is filled."""
        self.mixture.forget(planned, for_all=self.leader)
        self._blocks.clear()

    def _complete(self, plan: Plan, number: int) -> ReadyBlock:
        """Find a batch's samples; under `on_miss` other than "real", do not go on without them."""
        block = self._blocks.of(plan, number)
        recipe = self.mixture.recipe
        if recipe.on_miss == "real":
            return block
        lacking = self._lacking(number, block)
        if lacking and recipe.on_miss == "error":
            raise FillError(
                "SA504",
                f'Each planned sample must be in the cache under on_miss="error", got {lacking} missing in batch '
                f'{number} in {recipe.cache_folder()}. Fill it (fill="ahead"), or let real samples stand in '
                '(on_miss="real").',
            )
        if lacking:
            say(
                f"waiting for {lacking} samples that another process shall put into {recipe.cache_folder()}"
            )
        while lacking:
            time.sleep(0.2)
            block = self._blocks.of(plan, number, look_again=True)
            lacking = self._lacking(number, block)
        return block

    def _lacking(self, number: int, block: ReadyBlock) -> int:
        """Count a batch's rows whose sample may still come."""
        batch = slice(*block.span(number))
        generated = self.mixture.is_generated[block.planned.source[batch]]
        wanted = generated & (block.planned.index[batch] >= 0)
        return int(np.count_nonzero(wanted & (block.matrix[4, batch] == UNKNOWN)))

    def _fill(self, plan: Plan, start: int, stop: int) -> None:
        """Settle what a stretch of slots needs: the leader makes it, the other ranks wait for it."""
        recipe, any_made = self.mixture.recipe, bool(self.mixture.is_generated.any())
        turns = Turns(self.mixture.folder, " ".join(recipe.sources))
        watched = self.leader and self.epoch.world > 1 and recipe.fill == "ahead" and any_made
        with turns.filling() if watched else contextlib.nullcontext():
            for source in self.mixture.generated:
                if len(source.places) == plan.distinct(source.needs.number - 1):
                    continue
                missing = source.look_up(source.needs.of_range(plan, start, stop))
                if not missing or recipe.fill == "off":
                    continue
                if self.leader:
                    self._make(source, missing)
                else:
                    turns.wait(source.watch(missing))

    def _make(self, source: SourceFiller, missing: Any) -> None:
        """Make samples."""
        filled = source.fill(missing)
        self.totals.generated += filled.generated
        if filled.given_up:
            say(
                f"{filled.given_up:,} requests to {source.name!r} were given up (the last one: {filled.reason}); "
                "real samples stand in for them"
            )


def _positions(rows: _Rows) -> Int64Array:
    """Write rows out as numbers."""
    return np.arange(rows.start, rows.stop) if isinstance(rows, slice) else rows


def _length(rows: _Rows) -> int:
    """Count rows."""
    return int(rows.stop - rows.start) if isinstance(rows, slice) else rows.size
