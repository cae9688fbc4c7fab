"""The synthetic stream: what the k-th synthetic sample of a run is."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import final

import numpy as np

from lightning_synthaug.plan.allocation import Balance, SourceSpec, label_stages
from lightning_synthaug.plan.balance import LabelStages
from lightning_synthaug.plan.labels import LabelIndex
from lightning_synthaug.plan.passes import EXPLICIT_LIMIT, PassStream
from lightning_synthaug.plan.permutation import permute
from lightning_synthaug.plan.pools import divide_pool, lives, most_servings
from lightning_synthaug.plan.seeding import Int64Array, child_seed, divide, groups_of, hash64
from lightning_synthaug.plan.sources import ShareTable
from lightning_synthaug.plan.stretches import Stretch, bounds_of

__all__ = ["Samples", "SyntheticStream"]

#: Serial number, label, twin and version of each synthetic sample.
Samples = tuple[Int64Array, Int64Array, Int64Array, Int64Array]


@final
class SyntheticStream:
    """All synthetic samples of a run in order, readable at any position.

    Args:
        sources: The sources, at least one.
        total: Number of real samples, >= 1.
        stretches: The run between its recorded events.
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
        stretches: Sequence[Stretch],
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
        self._stretches = tuple(stretches)
        self._items = [None if s.items is None else LabelIndex(s.items) for s in sources]
        self._allocation = label_stages(
            sources, balance=balance, labels=labels, stretches=stretches, shares=self.shares
        )
        self._sizes = [self._pool_sizes(j) for j in range(len(sources))]
        #: Keyed by the generation seed, so that runs with other seeds ask for the same samples.
        self._twin_keys = np.array(
            [child_seed(generation_seed, "twins", s.name) for s in sources], np.uint64
        )
        #: Opened when first read: there is one for each source, or for each label of a source.
        self._pool = lru_cache(maxsize=None)(self._open_pool)
        self._bounds = lru_cache(maxsize=None)(self._compute_bounds)

    def distinct(self, owner: int) -> int | None:
        """Count the different samples that a source can ever be asked for.

        Args:
            owner: The source's place, from 0.

        Returns:
            The number that a long run reaches and never passes, or None where samples are replaced without end.
        """
        source = self.sources[owner]
        if source.reuse is not None and source.items is None:
            return None
        if self._allocation is not None:
            return int(self._sizes[owner][self._allocation[owner].asked].sum())
        size = int(self._sizes[owner][0])
        if source.items is not None or source.labels is None or self.labels is None:
            return size
        index = self._of_serials([(owner, slice(0, size))], np.arange(size))[0]
        return int(np.count_nonzero(index >= 0))

    def everything(self, owner: int) -> Samples:
        """Plan each of a source's different samples once, in no order that matters.

        Args:
            owner: The source's place, from 0; `distinct` tells how many it has.

        Returns:
            As `samples`.
        """
        if self._allocation is None:
            serial = np.arange(int(self._sizes[owner][0]))
            return self._of_serials([(owner, slice(0, serial.size))], serial)
        places = np.flatnonzero(self._allocation[owner].asked)
        sizes = self._sizes[owner][places]
        ends = np.cumsum(sizes)
        serial = np.arange(int(sizes.sum())) - np.repeat(ends - sizes, sizes)
        return self._of_pools(owner, np.repeat(places, sizes), serial)

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
            return self._of_parts([(0, slice(0, rank.size))] if rank.size else [], rank)
        order, parts = groups_of(owner)
        if len(parts) == 1:
            return self._of_parts(parts, rank)
        out = (
            np.empty_like(number),
            np.empty_like(number),
            np.empty_like(number),
            np.empty_like(number),
        )
        for target, values in zip(out, self._of_parts(parts, rank[order]), strict=True):
            target[order] = values
        return out

    def _of_parts(self, parts: Sequence[tuple[int, slice]], rank: Int64Array) -> Samples:
        """Plan samples of several sources, those of each together and consecutive."""
        if self._allocation is None:
            drawn = [rank[:0], *(self._drawn(j, rank[part]) for j, part in parts)]
            return self._of_serials(parts, np.concatenate(drawn))
        nothing = (rank[:0],) * 4
        each = (self._by_label(j, self._allocation[j], rank[part]) for j, part in parts)
        index, label, twin, version = map(np.concatenate, zip(nothing, *each, strict=True))
        return index, label, twin, version

    def _drawn(self, j: int, rank: Int64Array) -> Int64Array:
        """Draw consecutive samples of a source whose labels are not asked for: their serial numbers within it."""
        source, size = self.sources[j], int(self._sizes[j][0])
        first = int(rank[0])
        slot = self._pool(j, 0).take(first, first + rank.size)
        if source.items is None and source.reuse is not None:
            slot = slot + lives(rank, slot, size, source.reuse) * size
        return slot

    def _of_serials(self, parts: Sequence[tuple[int, slice]], serial: Int64Array) -> Samples:
        """Plan samples whose labels are not asked for, by their serial numbers within their sources."""
        labels, total = self.labels, self.total
        passes, twin = divide(serial, total)
        # A pool of whole passes has a slot for each twin, and its own order is shuffled already.
        other = [(j, part) for j, part in parts if int(self._sizes[j][0]) % total]
        if other:
            rows = np.concatenate([np.arange(part.start, part.stop) for _, part in other])
            keys = self._twin_keys[[j for j, _ in other]]
            key = np.repeat(keys, [part.stop - part.start for _, part in other])
            twin[rows] = permute(twin[rows], total, hash64(key, passes[rows]))
        if labels is None:
            index, label = serial, np.full_like(serial, -1)
        else:
            label = labels.labels[twin]
            index = labels.serial(twin, passes)
        for j, part in parts:
            items, makeable = self._items[j], self.sources[j].labels
            if items is not None:
                mine = index[part] = serial[part]
                label[part] = items.labels[mine]
                if labels is not None:
                    nth = items.rank[mine]
                    twin[part] = labels.namesake(label[part], nth, otherwise=twin[part])
            elif labels is not None and makeable is not None:
                index[part][~np.isin(label[part], list(makeable))] = -1
        return index, label, twin, passes

    def _by_label(self, j: int, stages: LabelStages, rank: Int64Array) -> Samples:
        """Plan samples whose label is asked for: pools, twins and stand-ins are per label."""
        source = self.sources[j]
        place, served = stages.assign(rank)
        serial = slot = self._slots(j, place, served)
        if self._items[j] is None and source.reuse is not None:
            size = self._sizes[j][place]
            serial = slot + lives(served, slot, size, source.reuse) * size
        return self._of_pools(j, place, serial)

    def _of_pools(self, j: int, place: Int64Array, serial: Int64Array) -> Samples:
        """Plan samples whose label is asked for, by the place of the label and their serial numbers within it."""
        items, labels = self._items[j], self.labels
        assert labels is not None
        label = labels.values[place]
        passes, offset = divide(serial, labels.counts[place])
        key = hash64(hash64(int(self._twin_keys[j]), place), passes)
        twin = labels.member(place, permute(offset, labels.counts[place], key))
        if items is not None:
            return items.member(np.searchsorted(items.values, label), serial), label, twin, passes
        return labels.serial(twin, passes), label, twin, passes

    def _slots(self, j: int, place: Int64Array, served: Int64Array) -> Int64Array:
        """Read the pool of each label: a stretch of it each, since samples are consecutive."""
        order, groups = groups_of(place)
        firsts = served[order]
        drawn = [place[:0]]
        for label, part in groups:
            first = int(firsts[part.start])
            drawn.append(self._pool(j, label).take(first, first + part.stop - part.start))
        slot = np.empty_like(place)
        slot[order] = np.concatenate(drawn)
        return slot

    def _pool_sizes(self, j: int) -> Int64Array:
        """Size the pools of a source: one, or one for each label that occurs."""
        source, items = self.sources[j], self._items[j]
        if self._allocation is None or self.labels is None:
            return np.array([source.pool or self.total if items is None else items.labels.size])
        values = self.labels.values
        if items is not None:
            there = np.isin(values, items.values)
            counts = items.counts[np.searchsorted(items.values, values[there])]
            sizes = np.zeros(values.size, np.int64)
            sizes[there] = counts
            return sizes
        possible = self._allocation[j].possible.tolist()
        return np.array(divide_pool(source.pool or self.total, possible))

    def _open_pool(self, j: int, place: int) -> PassStream:
        """Open a pool, in passes under the run seed."""
        name, size = self.sources[j].name, int(self._sizes[j][place])
        stages = None if self._allocation is None else self._allocation[j]
        windows = []
        for served, most, stretch in self._bounds(j, size):
            count = int(served[place])
            if stages is not None:
                peaks = stages.peaks[min(stretch, len(stages.peaks) - 1)]
                windows.append((-(-count // size), most_servings(most, float(peaks[place]))))
            else:
                windows.append((-(-count // size), most))
        return PassStream(
            size,
            length=size,
            windows=[(number, max(1, most)) for number, most in windows],
            key=child_seed(self.seed, "pool", *([name] if stages is None else [name, place])),
            explicit=self.total <= EXPLICIT_LIMIT,
        )

    def _compute_bounds(self, j: int, size: int) -> list[tuple[Int64Array, int, int]]:
        """Bound a source's samples in a batch along the run.

        Returns:
            Servings of each of its pools so far, most samples of a batch, and the stretch; from there on.
        """
        weights = self.shares.weights
        share = float(weights[j] / weights.sum())
        rows = []
        for bound in bounds_of(self._stretches, size):
            number = self._stretches[bound.stretch].knots.count(bound.slot)
            served = self.shares.counts(number)[j : j + 1]
            if self._allocation is not None:
                served = self._allocation[j].counts(int(served[0]))
            rows.append((served, most_servings(bound.synthetic, share), bound.stretch))
        return rows
