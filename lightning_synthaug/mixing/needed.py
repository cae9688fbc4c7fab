"""What planned samples lack: not in the store, not under way, in the order of use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple, final

import numpy as np

from lightning_synthaug.filling import UNKNOWN, SourceFiller
from lightning_synthaug.plan import AnyPlan
from lightning_synthaug.plan.seeding import Int64Array

__all__ = ["Need", "Needed"]


class Need(NamedTuple):
    """A sample that is missing: the place of its source, its identity, and the number of its first use."""

    source: int
    identity: int
    number: int


@final
class Needed:
    """Find what is missing.

    Args:
        sources: The sources whose samples are made.
        blank: Whether the store had nothing when the run began, so that only producers look there.
    """

    def __init__(self, sources: Sequence[SourceFiller], *, blank: bool) -> None:
        self._sources, self._blank = sources, blank

    def find(
        self,
        plan: AnyPlan,
        first: int,
        last: int,
        awaited: Sequence[Sequence[Mapping[int, Any]]],
        *,
        begun: bool,
    ) -> list[Need]:
        """Find what some planned samples lack.

        Args:
            plan: The plan.
            first: Synthetic samples before the first of them.
            last: Synthetic samples before their end.
            awaited: For each source, what is under way.
            begun: Whether training goes on meanwhile, which reading the dataset would hold up.

        Returns:
            What is missing, each once, what is needed first first.
        """
        if all(s.memory.has_all(plan, s.places) for s in self._sources):
            return []
        planned = plan.synthetic(first, last)
        found: list[Need] = []
        for place, source in enumerate(self._sources):
            mine = np.flatnonzero(planned.source == source.needs.number)
            identities = source.needs.identities(planned.where(mine))
            rows = self._missing(source, identities, awaited[place], begun=begun)
            numbers = (first + mine[rows]).tolist()
            found += map(Need, [place] * len(numbers), identities[rows].tolist(), numbers)
        return found if len(self._sources) == 1 else sorted(found, key=attrgetter("number"))

    def _missing(
        self,
        source: SourceFiller,
        identities: Int64Array,
        awaited: Sequence[Mapping[int, Any]],
        *,
        begun: bool,
    ) -> Int64Array:
        """List the rows of the first uses of what is neither settled nor under way."""
        distinct, first = np.unique(identities, return_index=True)
        rows: Int64Array = np.sort(first[distinct >= 0])
        rows = rows[source.places.find(identities[rows])[:, 0] == UNKNOWN]
        asleep = [not any(i in a for a in awaited) for i in identities[rows].tolist()]
        rows = rows[np.array(asleep, bool)]
        # Twins would have to be read from the dataset: amid a pass, a producer does that beside the training.
        if not self._blank and not (begun and source.needs.generator.conditioning == "twin"):
            source.look_up(identities[rows])
            rows = rows[source.places.find(identities[rows])[:, 0] == UNKNOWN]
        return rows
