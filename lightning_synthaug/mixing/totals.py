"""What the batches of a run were made of and cost, in sums."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from lightning_synthaug.mixing.losses import SourceLosses

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

    def mean_losses(self) -> dict[str, float]:
        """Return the mean loss of each source over the rows since the last call.

        Returns:
            `loss/real` and `loss/<source>`; a source without rows is left out.
        """
        return {f"loss/{self._labels[s]}": mean for s, mean in self.losses.read().items()}
