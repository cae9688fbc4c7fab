"""The synthetic stream: what the k-th synthetic sample of a run is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np

from lightning_synthaug.plan.allocation import Balance, SourceSpec, label_stages
from lightning_synthaug.plan.balance import LabelStages
from lightning_synthaug.plan.knots import Knots
from lightning_synthaug.plan.labels import LabelIndex
from lightning_synthaug.plan.passes import PassStream
from lightning_synthaug.plan.permutation import permute
from lightning_synthaug.plan.pools import pool_passes
from lightning_synthaug.plan.seeding import Int64Array, child_seed, divide, hash64
from lightning_synthaug.plan.sources import ShareTable

__all__ = ["Samples", "SyntheticStream"]

#: Serial number, label, twin and version of each synthetic sample.
Samples = tuple[Int64Array, Int64Array, Int64Array, Int64Array]


@final
class SyntheticStream:
    """All synthetic samples of a run in order, readable at any position.

    Args:
        sources: The sources, at least one.
        total: Number of real samples, >= 1.
        window: Global batch size that the run began with; pools repeat nothing within it.
        knots: The compiled ratio schedule.
        labels: Labels of the real samples, or None when unknown.
        balance: `"proportional"`, `"uniform"` or weights by label.
        seed: Run seed: which sample is served when.
        generation_seed: Seed of what is generated: which twin belongs to which sample.

    Attributes:
        shares: Whose the k-th sample is.
    """

    def __init__(
        self,
        sources: Sequence[SourceSpec],
        *,
        total: int,
        window: int,
        knots: Knots,
        labels: LabelIndex | None,
        balance: Balance,
        seed: int,
        generation_seed: int,
    ) -> None:
        self.sources = tuple(sources)
        self.total = total
        self.labels = labels
        self.seed = seed
        self.generation_seed = generation_seed
        self.shares = ShareTable([s.weight for s in sources])
        self._window = window
        self._items = [None if s.items is None else LabelIndex(s.items) for s in sources]
        self._allocation = label_stages(
            sources, balance=balance, labels=labels, knots=knots, shares=self.shares
        )
        self._pools = [self._pool(source) for source in sources]

    def distinct(self, owner: int) -> int | None:
        """Count the different samples that a source can ever be asked for.

        Args:
            owner: The source's place, from 0.

        Returns:
            An upper bound that a long run reaches, or None where samples are replaced without end.
        """
        source, total = self.sources[owner], self.total
        if source.reuse is not None:
            return None
        if self._allocation is None or self.labels is None:
            return source.pool or total
        return self.labels.values.size * self._label_pool(source)

    def samples(self, number: Int64Array, owner: Int64Array) -> Samples:
        """Plan synthetic samples.

        Args:
            number: Numbers of synthetic samples, consecutive for each source, >= 0. Shape `(n,)`.
            owner: Whose each is, from `shares`. Shape `(n,)`.

        Returns:
            Serial number, label, twin and version of each, as in `PlannedSlots`.
        """
        rank = self.shares.rank(number)
        if len(self.sources) == 1:
            return self._of_source(0, rank)
        out = (
            np.empty_like(number),
            np.empty_like(number),
            np.empty_like(number),
            np.empty_like(number),
        )
        for j in np.unique(owner).tolist():
            mine = owner == j
            for target, values in zip(out, self._of_source(j, rank[mine]), strict=True):
                target[mine] = values
        return out

    def _of_source(self, j: int, rank: Int64Array) -> Samples:
        """Plan consecutive samples of one source."""
        source, items = self.sources[j], self._items[j]
        if self._allocation is not None:
            return self._by_label(source, items, self._allocation[j], rank)
        total = self.total
        stream = self._pools[j]
        first = int(rank[0]) if rank.size else 0
        slot = serial = stream.take(first, first + rank.size)
        if source.reuse is not None and items is None:
            life = (rank // stream.size + slot % source.reuse) // source.reuse
            serial = slot + life * stream.size
        passes, offset = divide(serial, total)
        twin = offset
        # A pool of whole passes has a slot for each twin, and its own order is shuffled already.
        if stream.size % total:
            twin = permute(offset, total, hash64(self._twin_key(source), passes))
        if items is not None:
            return serial, items.labels[serial], twin, passes
        if self.labels is None:
            return serial, np.full_like(serial, -1), twin, passes
        label = self.labels.labels[twin]
        index = self.labels.serial(twin, passes)
        if source.labels is not None:
            index[~np.isin(label, list(source.labels))] = -1
        return index, label, twin, passes

    def _by_label(
        self, source: SourceSpec, items: LabelIndex | None, stages: LabelStages, rank: Int64Array
    ) -> Samples:
        """Plan samples whose label is asked for: pools, twins and stand-ins are per label."""
        labels = self.labels
        assert labels is not None
        place, served = stages.assign(rank)
        label = labels.values[place]
        size: Int64Array | int = self._label_pool(source)
        if items is not None:
            size = items.counts[np.searchsorted(items.values, label)]
        key = hash64(child_seed(self.seed, "pool", source.name), place)
        reuse = source.reuse if items is None else None
        slot, life = pool_passes(served, size, window=self._window, key=key, reuse=reuse)
        serial = slot + life * size
        passes, offset = divide(serial, labels.counts[place])
        key = hash64(hash64(self._twin_key(source), place), passes)
        twin = labels.member(place, permute(offset, labels.counts[place], key))
        if items is not None:
            return items.member(np.searchsorted(items.values, label), serial), label, twin, passes
        return labels.serial(twin, passes), label, twin, passes

    def _label_pool(self, source: SourceSpec) -> int:
        """Divide a source's pool evenly among the labels."""
        labels = self.labels.values.size if self.labels is not None else 1
        return max(1, -(-(source.pool or self.total) // labels))

    def _pool(self, source: SourceSpec) -> PassStream:
        """Open the pool of a source whose labels are not asked for: passes under the run seed."""
        size = source.pool or self.total
        if source.items is not None:
            size = source.items.size
        key = child_seed(self.seed, "pool", source.name)
        return PassStream(size, length=size, window=self._window, key=key)

    def _twin_key(self, source: SourceSpec) -> int:
        """Key the twins by the generation seed, so that runs with other seeds ask for the same samples."""
        return child_seed(self.generation_seed, "twins", source.name)
