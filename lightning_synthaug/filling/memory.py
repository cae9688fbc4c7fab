"""What a source had in the store when somebody looked last, so that a process that starts need not look again."""

from __future__ import annotations

from typing import final

import numpy as np

from lightning_synthaug.filling.needs import SourceNeeds
from lightning_synthaug.filling.places import UNKNOWN, Places
from lightning_synthaug.generators.digest import canonical_digest
from lightning_synthaug.plan import AnyPlan, Plan
from lightning_synthaug.plan.seeding import Int64Array
from lightning_synthaug.store import PlaceFile, Store

__all__ = ["Memory"]

#: Places are written down when more than this part of them was not found there.
_NEWS = 0.2
_AT_ONCE = 1 << 16


@final
class Memory:
    """Remember the places of one source's samples in a file of the store.

    Where a sample is made from a real one, its identity does not tell which sample it is: nothing is remembered.

    Args:
        store: The sample store.
        needs: What the source is asked for.
        fingerprint: Of its generator, as the store's keys have it.
    """

    def __init__(self, store: Store, needs: SourceNeeds, fingerprint: str) -> None:
        self._store = store
        self._needs = needs
        self._fingerprint = fingerprint
        self._name: str | None = None
        self._file: PlaceFile | None = None
        self._off = needs.generator.conditioning == "twin"
        self._known = 0
        self._asked: Plan | None = None
        self._all: int | None = None

    def recall(self, identities: Int64Array, places: Places) -> Int64Array:
        """Settle identities that the file knows.

        Args:
            identities: Distinct, not settled, >= 0.
            places: Where to settle them.

        Returns:
            The rest, in their order.
        """
        file = self._opened() if identities.size else None
        # What is damaged or gone must not be found there again.
        if file is None or places.forgotten:
            return identities
        rest = [identities[:0]]
        for first in range(0, identities.size, _AT_ONCE):
            some = identities[first : first + _AT_ONCE]
            found = file.find(some)
            there = found[:, 0] != UNKNOWN
            places.add(some[there], found[there])
            self._known += int(np.count_nonzero(there))
            rest.append(some[~there])
        return np.concatenate(rest)

    def has_all(self, plan: AnyPlan, places: Places) -> bool:
        """Tell whether all that a plan can ever ask for is settled, after a look into the file.

        Args:
            plan: The plan.
            places: What is settled.
        """
        if self._asked is plan and self._all == places.forgotten:
            return True
        if not isinstance(plan, Plan) or (bound := self._needs.distinct(plan)) is None:
            return False
        # To list all takes a while: it is done where there may be as much, and of the file's once a plan.
        at_hand = len(places)
        if self._asked is not plan:
            self._asked, self._all = plan, None
            file = self._opened()
            at_hand += 0 if file is None else file.identities.size
        if at_hand < bound or self.recall(places.missing(self._needs.every(plan)), places).size:
            return False
        self._all = places.forgotten  # what is settled stays so until something is forgotten
        return True

    def write(self, places: Places) -> None:
        """Write places down, where there is enough that the file does not know.

        Args:
            places: All that is settled.
        """
        if self._off or self._name is None or len(places) - self._known <= _NEWS * len(places):
            return
        self._known = len(places)
        identities = places.settled()
        found = places.find(identities)
        there = found[:, 0] >= 0
        if there.any():
            self._store.remember(self._name, identities[there], found[there])

    def _opened(self) -> PlaceFile | None:
        """Open the file when it is first needed; None where there is none."""
        if self._name is None and not self._off:
            self._name = self._scope()
            self._file = self._store.recall(self._name)
        return self._file

    def _scope(self) -> str:
        """Name what an identity means: as long as this stays the same, it means the same sample."""
        needs = self._needs
        return canonical_digest(
            {
                "generator": self._fingerprint,
                "conditioning": needs.generator.conditioning,
                "seed": needs.generation_seed,
                "labels": [needs.label_map.generator_label(v) for v in needs.values.tolist()],
                "gates": needs.gating.fingerprints,
            }
        )
