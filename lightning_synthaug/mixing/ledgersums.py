"""What batches of a ledger were made of, in sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import final

import numpy as np

from lightning_synthaug.mixing.causes import CAUSES
from lightning_synthaug.mixing.ledgertrack import Slots

__all__ = ["SourceSums", "Sums"]


@final
@dataclass
class SourceSums:
    """What became of the synthetic slots of one source.

    Attributes:
        planned: Slots planned for it.
        substituted: Slots that real samples stood in for, by cause.
    """

    planned: int = 0
    substituted: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CAUSES, 0))

    @property
    def served(self) -> int:
        """Slots served as planned."""
        return self.planned - sum(self.substituted.values())


@final
@dataclass
class Sums:
    """What some batches were made of, over all ranks that are recorded.

    Attributes:
        batches: Global batches.
        rows: Their rows.
        sources: Synthetic slots by source.
    """

    batches: int = 0
    rows: int = 0
    sources: dict[str, SourceSums] = field(default_factory=dict)

    def add(self, names: Sequence[str], slots: Slots) -> None:
        """Add the rows of some batches of one rank.

        Args:
            names: Names of the sources, in order.
            slots: The synthetic ones among the rows.
        """
        self.rows += int(slots.rows.sum())
        for source in np.unique(slots.sources).tolist():
            name = names[source - 1] if source <= len(names) else f"source {source}"
            codes = np.bincount(slots.codes[slots.sources == source], minlength=len(CAUSES) + 1)
            sums = self.sources.setdefault(name, SourceSums())
            sums.planned += int(codes.sum())
            for cause, count in zip(CAUSES, codes[1:].tolist(), strict=True):
                sums.substituted[cause] += count
