"""What a source had in the store when somebody looked last, so that a process that starts need not look again."""

from __future__ import annotations

from typing import final

import numpy as np

from lightning_synthaug.filling.needs import SourceNeeds
from lightning_synthaug.filling.places import UNKNOWN, Places
from lightning_synthaug.generators.digest import canonical_digest
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

    def recall(self, identities: Int64Array, places: Places) -> Int64Array:
        """Settle identities that the file knows.

        Args:
            identities: Distinct, not settled, >= 0.
            places: Where to settle them.

        Returns:
            The rest, in their order.
        """
        if self._off or not identities.size:
            return identities
        if self._name is None:
            self._name = self._scope()
            self._file = self._store.recall(self._name)
        if (
            self._file is None or places.forgot
        ):  # what is damaged or gone must not be found there again
            return identities
        rest = [identities[:0]]
        for first in range(0, identities.size, _AT_ONCE):
            some = identities[first : first + _AT_ONCE]
            found = self._file.find(some)
            there = found[:, 0] != UNKNOWN
            places.add(some[there], found[there])
            self._known += int(np.count_nonzero(there))
            rest.append(some[~there])
        return np.concatenate(rest)

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
