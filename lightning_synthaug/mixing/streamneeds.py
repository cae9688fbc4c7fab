"""What the rows of a stream ask synthetic sources for; it is made ahead where it can be known, else at once."""

from __future__ import annotations

import time
from typing import Any, final

import numpy as np

from lightning_synthaug.filling import SourceFiller, Turns
from lightning_synthaug.mixing.displaced import DisplacedRows
from lightning_synthaug.mixing.mixture import Mixture
from lightning_synthaug.mixing.rowtree import cut_row, row_labels
from lightning_synthaug.mixing.settling import settle, watched
from lightning_synthaug.mixing.totals import Totals
from lightning_synthaug.plan import Plan, PlannedSlots
from lightning_synthaug.plan.seeding import Int64Array

__all__ = ["StreamNeeds"]


@final
class StreamNeeds:
    """Complete the plan of a batch by what only its rows tell, and have samples made.

    Args:
        mixture: The recipe, applied to the rows displaced.
        displaced: These rows.
        labels: The user's function that finds the labels of a batch, or None.
        leader: Whether this process fills the cache for its node.
        world: Ranks that share a global batch, >= 1.
    """

    def __init__(
        self, mixture: Mixture, displaced: DisplacedRows, labels: Any, *, leader: bool, world: int
    ) -> None:
        self._mixture = mixture
        self._displaced = displaced
        self._labels = labels
        self._leader, self._world = leader, world
        self._of_row = mixture.recipe.balance == "proportional"

    def ask(self, plan: Plan, planned: PlannedSlots, batch: Any, size: int, totals: Totals) -> None:
        """Write into the plan of a batch what only its rows tell: labels and twins.

        Args:
            plan: The plan.
            planned: The rows of this rank; labels, twins, versions and indices are written.
            batch: The finished batch.
            size: Its rows.
            totals: Where what is made at once is counted.
        """
        where = np.flatnonzero(planned.is_synthetic)
        sources = list(self._mixture.recipe.sources.values())
        labels: Int64Array | None = None
        for j, source in enumerate(sources):
            mine = where[planned.source[where] == j + 1]
            kind = getattr(source, "conditioning", None)
            if j in plan.changes.sources:
                mine = mine[planned.index[mine] >= 0]
            if not mine.size or kind not in ("class", "twin"):
                continue
            if kind == "twin":
                twins = [cut_row(batch, i, size) for i in mine.tolist()]
                planned.twin[mine] = self._displaced.show(twins)
                planned.version[mine] = planned.index[mine] = 0
                self._fill_twins(j, planned.where(mine), totals)
            elif self._of_row:
                if labels is None:
                    labels = row_labels(batch, size, self._labels)
                self._relabel(plan, j, planned, mine, labels[mine])

    def fill_ahead(self, plan: Plan, start: int, stop: int, totals: Totals) -> None:
        """Have what a stretch of rows needs made: of each label, where only the rows will tell it.

        Args:
            plan: The plan.
            start: First global position.
            stop: Position after the last.
            totals: Where what is made is counted.
        """
        began = time.perf_counter()
        ahead = self._leader and self._mixture.recipe.fill == "ahead"
        with watched(self._turns(), leader=ahead, world=self._world):
            for source in self._mixture.generated:
                if source.needs.generator.conditioning != "twin":
                    wanted = self._wanted(plan, source, start, stop)
                    self._settle(source, wanted, self._leader, totals)
        totals.fill_seconds += time.perf_counter() - began

    def _relabel(
        self, plan: Plan, j: int, planned: PlannedSlots, mine: Int64Array, labels: Int64Array
    ) -> None:
        """Ask for the labels of the rows displaced, where the source can make them."""
        serials = self._serials(planned.twin[mine], planned.version[mine])
        planned.label[mine] = labels
        planned.index[mine] = np.where(np.isin(labels, self._makeable(plan, j)), serials, -1)

    def _serials(self, twin: Int64Array, version: Int64Array) -> Int64Array:
        """Number samples within any label: the plan's dataset has `pool` of each, in turn."""
        pool = self._displaced.pool
        serials: Int64Array = version * pool + twin % pool
        return serials

    def _makeable(self, plan: Plan, j: int) -> Int64Array:
        """List the labels that a source can make, of those known."""
        known = self._displaced.targets
        assert known is not None
        can, values = plan.sources[j].labels, np.unique(known)
        return values if can is None else values[np.isin(values, list(can))]

    def _wanted(self, plan: Plan, source: SourceFiller, first: int, stop: int) -> Int64Array:
        """List the identities that a stretch of rows may ask a source for."""
        needs = source.needs
        if needs.generator.conditioning != "class" or not self._of_row:
            return needs.of_range(plan, first, stop)
        slots = plan.synthetic(plan.knots.count(first), plan.knots.count(stop))
        asked = slots.source == needs.number
        if needs.number - 1 in plan.changes.sources:
            asked &= slots.index >= 0
        slots = slots.where(asked)
        serials = np.unique(self._serials(slots.twin, slots.version))
        labels = self._makeable(plan, needs.number - 1)
        number, label = np.tile(serials, labels.size), np.repeat(labels, serials.size)
        whole = np.full_like(number, needs.number)
        return np.unique(
            needs.identities(PlannedSlots(0, whole, number, label, number * 0, number * 0))
        )

    def _fill_twins(self, j: int, planned: PlannedSlots, totals: Totals) -> None:
        """Have the variants of this batch's rows made: no other process has these rows."""
        source = next(s for s in self._mixture.generated if s.needs.number == j + 1)
        wanted = source.needs.identities(planned)
        source.places.forget(wanted)  # numbers of rows begin again
        began = time.perf_counter()
        self._settle(source, wanted, True, totals)
        totals.fill_seconds += time.perf_counter() - began

    def _settle(
        self, source: SourceFiller, wanted: Int64Array, leader: bool, totals: Totals
    ) -> None:
        """Settle requests."""
        totals.generated += settle(
            source,
            wanted,
            turns=self._turns(),
            fill=self._mixture.recipe.fill,
            leader=leader,
            limits=self._mixture.limits,
        )

    def _turns(self) -> Turns:
        """Open the word between the processes of a node."""
        return Turns(self._mixture.folder, " ".join(self._mixture.recipe.sources))
