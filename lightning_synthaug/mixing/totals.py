"""What the batches of a run were made of and cost, in sums."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np

from lightning_synthaug.mixing.causes import CAUSES, DAMAGED, REJECTED, STARVED, UNMAKEABLE, Codes
from lightning_synthaug.mixing.losses import SourceLosses
from lightning_synthaug.plan.seeding import Int64Array

__all__ = ["Totals"]


@final
class Totals:
    """Running sums over the batches handed over on this rank, for logs and reports.

    Args:
        sources: Names of the synthetic sources, in order.
    """

    def __init__(self, sources: Sequence[str]) -> None:
        self.rows = 0
        self.planned = 0
        self.served = 0
        #: Planned and not served, for whatever reason but a label that cannot be made.
        self.misses = 0
        #: Of the misses, counted apart: samples that were not there in time or were damaged, and those whose every
        #: attempt was turned down. What is left of the misses did not fit its batch.
        self.starved = 0
        self.rejected = 0
        self.unmakeable = 0
        self.generated = 0
        self.fill_seconds = 0.0
        self.losses = SourceLosses()
        self._labels = ["real", *sources]

    def count(self, planned: Int64Array, codes: Codes | None) -> None:
        """Add a batch.

        Args:
            planned: Source planned for each row. Shape `(n,)`.
            codes: Why rows are not what was planned; None: all are.
        """
        asked = int(np.count_nonzero(planned))
        self.rows += planned.size
        self.planned += asked
        if codes is None:
            self.served += asked
            return
        each = np.bincount(codes, minlength=len(CAUSES) + 1).tolist()
        lost = sum(each[1:])
        self.served += asked - lost
        self.misses += lost - each[UNMAKEABLE]
        self.unmakeable += each[UNMAKEABLE]
        self.starved += each[STARVED] + each[DAMAGED]
        self.rejected += each[REJECTED]

    def mean_losses(self) -> dict[str, float]:
        """Return the mean loss of each source over the rows since the last call.

        Returns:
            `loss/real` and `loss/<source>`; a source without rows is left out.
        """
        return {f"loss/{self._labels[s]}": mean for s, mean in self.losses.read().items()}
