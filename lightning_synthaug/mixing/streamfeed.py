"""The main process's half of mixing a stream: composes finished batches, fills what they need, keeps account."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, final

import numpy as np
from torch.utils.data import default_collate

from lightning_synthaug.filling import UNKNOWN, say
from lightning_synthaug.mixing.accounts import Served
from lightning_synthaug.mixing.causes import DAMAGED, UNMAKEABLE, Codes, causes
from lightning_synthaug.mixing.collapses import Collapses
from lightning_synthaug.mixing.describing import unmakeable_text
from lightning_synthaug.mixing.displaced import POOL, DisplacedRows, known_labels
from lightning_synthaug.mixing.insisting import insist, nobody_makes
from lightning_synthaug.mixing.ledgerhead import counts_of, described
from lightning_synthaug.mixing.mixture import Mixture
from lightning_synthaug.mixing.progress import Progress
from lightning_synthaug.mixing.recipe import Recipe
from lightning_synthaug.mixing.recorder import Recorder
from lightning_synthaug.mixing.rowtree import count_rows, cut_row
from lightning_synthaug.mixing.streamcourse import StreamCourse
from lightning_synthaug.mixing.streamneeds import StreamNeeds
from lightning_synthaug.mixing.streamrows import StreamRows
from lightning_synthaug.mixing.totals import Totals
from lightning_synthaug.plan import REAL, Plan, PlannedSlots, rank_rows
from lightning_synthaug.plan.seeding import Int64Array

__all__ = ["StreamFeed"]

#: Batches whose account is kept: more than any loader has under way.
_KEPT = 256
#: Batches that samples are made ahead for, where nobody knows the length of a pass.
_AHEAD = 100


class _Account(NamedTuple):
    """A batch handed over: its slots, what was planned and what was served."""

    slots: Int64Array
    planned: PlannedSlots
    served: Int64Array


@final
class StreamFeed:
    """Everything that one loader of a stream needs besides the stream.

    Args:
        recipe: What to mix.
        course: The course of the run, which outlives this loader.
        progress: The run's clock.
        rank: This rank, in [0, world).
        world: Ranks that share a global batch, >= 1.
        leader: Whether this process fills the cache for its node.
        length: Batches of a pass, or None where the stream does not tell.
        batch_size: Rows of a full batch of this rank, or None where the loader does not tell.
        collate: The user's collate function, or None: torch's.
    """

    def __init__(
        self,
        recipe: Recipe,
        course: StreamCourse,
        progress: Progress,
        *,
        rank: int,
        world: int,
        leader: bool,
        length: int | None,
        batch_size: int | None = None,
        collate: Callable[[list[Any]], Any] | None = None,
    ) -> None:
        labels, pool = known_labels(recipe), recipe.pool or POOL
        self.displaced = DisplacedRows(labels, pool)
        # The plan knows a dataset of `pool` samples of each label; which of the labels a row has, its batch tells.
        known = replace(recipe, labels=None, pool=len(self.displaced))
        self.mixture = Mixture(known, self.displaced)
        self.course = course
        self.progress = progress
        self.rank, self.world, self.leader = rank, world, leader
        self.length = length
        self.totals = Totals(list(recipe.sources))
        self.plan: Plan | None = None
        #: Writes the ledger; None where there is none.
        self.recorder: Recorder | None = None
        #: The user's loader, by which a framework's session knows this feed again.
        self.loader: Any = None
        self._batch_size = batch_size
        self._needs = StreamNeeds(
            self.mixture, self.displaced, recipe.labels, leader=leader, world=world
        )
        self._rows = StreamRows(self.mixture, collate or default_collate)
        self._collapses = Collapses(self.mixture, rank=rank, leader=leader)
        self._accounts: dict[int, _Account] = {}
        self._number = 0
        self._delivered = 0
        self._filled = 0
        self._said = False

    def begin(self) -> None:
        """Get ready for a pass of the loader: read the clock."""
        self._number = self.progress.done()
        self._delivered = self._filled = 0
        slot = self.course.position(self._number)
        react = self._collapses.react
        react(self.plan, batch=self._number, slot=slot, record=self.course.record)
        self.plan = None
        self._accounts.clear()

    def compose(self, batch: Any) -> Any:
        """Put synthetic rows into the next batch.

        Args:
            batch: The finished batch; not changed.

        Returns:
            A batch of the same structure; the same object where all rows stay real.
        """
        size = count_rows(batch, self._batch_size)
        self._set_clock()
        number, rows = self._number, size * self.world
        if self.plan is None and size:
            self.plan = self._planned(rows)
        self._number, self._delivered = number + 1, self._delivered + 1
        if self.plan is not None and size:
            batch = self._composed(self.plan, batch, number, size)
        self.progress.delivered(number)
        return batch

    def pause(self) -> None:
        """Take note that nobody reads the pass any more."""
        if self.recorder is not None:
            self.recorder.pause()

    def flush(self) -> None:
        """Write down what the batches so far were, before a checkpoint goes beyond them."""
        if self.recorder is not None:
            self.recorder.flush()

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint must hold besides the clock: plain types; no I/O, no lock."""
        return self.course.state(self.progress.done())

    def served(self, batch: Any = None) -> Served | None:
        """Return the account of the batch being trained on: the clock's, or the last one handed over.

        Args:
            batch: The batch itself, for clocks that would not know otherwise.
        """
        number = self.progress.current(self._number - 1, batch)
        account = self._accounts.get(number)
        if account is None:
            return None
        return Served(number, account.slots, account.planned.source, account.served)

    def provenance(self, number: int, row: int) -> dict[str, Any] | None:
        """Look up what made a row of a batch that was delivered lately.

        Args:
            number: Batches before it.
            row: Row of this rank's batch.

        Returns:
            What the store keeps of it; None where a real sample was served, or its twin is gone.
        """
        account = self._accounts.get(number)
        if account is None or account.served[row] == REAL:
            return None
        one = account.planned.where(np.array([row]))
        generator = list(self.mixture.recipe.sources.values())[int(one.source[0]) - 1]
        if getattr(generator, "conditioning", None) == "twin":
            return None
        return self.mixture.provenance(one)

    def _set_clock(self) -> None:
        """Read the clock again after the first batch of a pass: it may come before a checkpoint is restored."""
        if self._delivered != 1:
            return
        last, done = self._number - 1, self.progress.done()
        if done > self._number:
            # That batch is number `done`, composed as another: from here on the composition is the clock's.
            account = self._accounts.pop(last, None)
            if self.recorder is not None:
                self.recorder.renumber(last, done)
            self.plan, self._number, self._filled = None, done + 1, 0
            if account is not None:
                size = account.slots.size * self.world
                self.plan = self._planned(size)
                self.course.passed(done, self.course.position(done) + size)
                self._accounts[done] = account

    def _planned(self, rows: int) -> Plan:
        """Ask for the plan."""
        length = self.progress.epoch(self.length)
        total = self.progress.total(length or 0)
        plan = self.course.plan(self.mixture, rows=rows, total=total, length=length)
        if self.recorder is not None:
            self.recorder.begin(plan, self._described, counts_of(self.mixture))
        return plan

    def _described(self) -> dict[str, Any]:
        """Describe the run for the ledger: the rows of its batches do not follow from the plan."""
        return described(self.mixture, self.state(), None)

    def _composed(self, plan: Plan, batch: Any, number: int, size: int) -> Any:
        """Compose a batch and take it into account."""
        first = self.course.position(number)
        stop = first + size * self.world
        self.course.passed(number, stop)
        slots = plan.slots(first, stop)
        rows = rank_rows(slots.source != REAL, self.rank, self.world)
        planned, positions = slots.where(rows), first + rows
        served, codes = planned.source, None
        self.displaced.show([cut_row(batch, 0, size)])
        self.mixture.first_check.by = partial(self._rows.check, batch, size)
        self._fill_ahead(plan, first, stop)
        self.mixture.first_check.by = None
        if planned.is_synthetic.any():
            self._needs.ask(plan, planned, batch, size, self.totals)
            places = self._places(plan, planned)
            batch, served, damaged = self._rows.set_into(batch, size, planned, positions, places)
            codes = causes(planned, served, places[:, 0], self.mixture.is_generated)
            if damaged.size:
                assert codes is not None
                codes[damaged] = DAMAGED
                self.mixture.forget(planned.where(damaged), for_all=self.leader)
                self._filled = 0
        self._accounts[number] = _Account(positions, planned, served)
        self._accounts.pop(number - _KEPT, None)
        self.totals.count(planned.source, codes)
        if self.recorder is not None:
            self.recorder.batch(number, planned.source, codes)
        if codes is not None and not self._said:
            self._tell(planned, codes)
        return batch

    def _fill_ahead(self, plan: Plan, first: int, stop: int) -> None:
        """Have what the coming stretch of rows needs made, an epoch of them where its length is known."""
        if stop <= self._filled:
            return
        length = self.progress.epoch(self.length)
        batches = _AHEAD if length is None else length
        total = self.progress.total(length or 0)
        if total is not None:
            batches = min(batches, max(1, total - self._number + 1))
        self._filled = max(stop, first + (stop - first) * batches)
        self._needs.fill_ahead(plan, first, self._filled, self.totals)

    def _places(self, plan: Plan, planned: PlannedSlots) -> Int64Array:
        """Find generated samples; under `on_miss` other than "real", do not go on without them."""
        mixture, number = self.mixture, self._number - 1
        places, generated = mixture.places(planned), mixture.is_generated[planned.source]
        if mixture.recipe.on_miss == "error":
            served = np.where(generated & (places[:, 0] < 0), REAL, planned.source)
            codes = causes(planned, served, places[:, 0], mixture.is_generated)
            if codes is not None:
                insist(mixture, plan, number, planned, codes)
        while mixture.recipe.on_miss == "wait":
            wanted = generated & (planned.index >= 0)
            lacking = int(np.count_nonzero(wanted & (places[:, 0] == UNKNOWN)))
            if not lacking:
                break
            if mixture.recipe.fill == "ahead" and self.leader:
                raise nobody_makes(mixture, number, lacking)
            time.sleep(0.2)
            places = mixture.places(planned, look_again=True)
        return places

    def _tell(self, planned: PlannedSlots, codes: Codes) -> None:
        """Tell the user that rows are not what was planned."""
        without = planned.where(codes == UNMAKEABLE)
        lost, asked = np.count_nonzero(codes), np.count_nonzero(planned.source)
        text = (
            unmakeable_text(self.mixture.recipe, without, self.plan)
            if len(without)
            else f"{lost} of {asked} synthetic rows of a batch are missing in the cache or of other sizes than the "
            "batch; their real rows stay, here and from now on, counted as `misses`"
        )
        if text:
            self._said = True
            say(text)
