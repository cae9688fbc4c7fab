"""What recorded events leave of the shares of sources."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np

from lightning_synthaug.plan.history import SourceChange
from lightning_synthaug.plan.seeding import Int64Array
from lightning_synthaug.plan.sources import ShareTable

__all__ = ["SourceChanges"]


@final
class SourceChanges:
    """Leave samples out that a source is not asked for any more; all others stay as they were.

    Args:
        events: Recorded events, in order.

    Attributes:
        sources: The places of the sources that are changed, from 0.
    """

    def __init__(self, events: Sequence[SourceChange] = ()) -> None:
        self._events = tuple(events)
        self.sources = frozenset(event.source for event in events)

    def apply(
        self, index: Int64Array, *, number: Int64Array, owner: Int64Array, shares: ShareTable
    ) -> Int64Array:
        """Mark what is left out, evenly spread, as samples that cannot be made.

        Args:
            index: Serial numbers of the samples within their source. Shape `(n,)`.
            number: Numbers of the samples in the run. Shape `(n,)`.
            owner: Places of their sources. Shape `(n,)`.
            shares: Whose each sample of the run is.

        Returns:
            The serial numbers, -1 where a sample is left out.
        """
        if not self._events:
            return index
        rank, share = shares.rank(number), np.ones(index.size)
        for event in self._events:
            share[(owner == event.source) & (number >= event.number)] = event.share
        return np.where(np.floor((rank + 1) * share) == np.floor(rank * share), -1, index)
