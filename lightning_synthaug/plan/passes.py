"""The real stream: passes over the data, each in a keyed order, never the same sample twice within a batch."""

from __future__ import annotations

import heapq
from functools import lru_cache
from typing import final

import numpy as np

from lightning_synthaug.plan.permutation import explicit_permutations, permute
from lightning_synthaug.plan.seeding import Int64Array, hash64

__all__ = ["EXPLICIT_LIMIT", "PassStream"]

#: Above this many samples an order is computed position by position, in constant memory.
EXPLICIT_LIMIT = 1 << 22

#: Samples of short passes that are shuffled at once.
_TOGETHER = 1 << 13


@final
class PassStream:
    """An endless stream of passes over 0..size-1, readable at any position.

    Each pass is a permutation cut to `length`. Where one pass ends and the next begins, both can fall into one
    batch; there the head of the new pass is put off just enough that no sample comes twice within `window`
    consecutive positions. A head depends on the tail before it; from three windows a pass on, heads and tails do
    not touch, and the dependence ends there. Shorter passes are followed from the first one (they are short).

    Args:
        size: Number of samples, >= 1.
        length: Samples in a pass, in [1, size]. Smaller than `size` where `drop_last` trims the epoch.
        window: Positions within which no sample comes twice: the global batch size, >= 1. Not possible, and not
            attempted, when `size < window`.
        key: 64-bit key.
        shuffle: Whether passes are permuted; else each is 0..length-1.

    Example:
        >>> stream = PassStream(4, length=4, window=2, key=1)
        >>> sorted(stream.take(4, 8).tolist())
        [0, 1, 2, 3]
    """

    def __init__(
        self, size: int, *, length: int, window: int, key: int, shuffle: bool = True
    ) -> None:
        self.size = size
        self.length = length
        self.key = key
        self.shuffle = shuffle
        # A batch of `window` holds both sides of a boundary only up to window - 1 positions away from it.
        self._reach = min(window - 1, length - 1) if size >= window else 0
        self._chained = length < 3 * self._reach
        self._group = max(1, _TOGETHER // size)
        self._orders = lru_cache(maxsize=2)(self._compute_orders)
        self._head = lru_cache(maxsize=4)(self._compute_head)
        self._last_chained: tuple[int, Int64Array] | None = None

    def take(self, start: int, stop: int) -> Int64Array:
        """Read consecutive positions of the stream.

        Args:
            start: First position, >= 0.
            stop: Position after the last one, >= start.

        Returns:
            Sample indices, shape `(stop - start,)`, values in [0, size).
        """
        parts = []
        position = start
        while position < stop:
            pass_number, offset = divmod(position, self.length)
            end = min(self.length, offset + stop - position)
            parts.append(self._slice(pass_number, offset, end))
            position += end - offset
        if len(parts) == 1:
            return parts[0]
        return np.concatenate(parts) if parts else np.empty(0, np.int64)

    def _slice(self, pass_number: int, start: int, stop: int) -> Int64Array:
        """Read part of one pass."""
        if not self.shuffle:
            return np.arange(start, stop, dtype=np.int64)
        if self._chained:
            return self._chained_order(pass_number)[start:stop]
        head = self._head(pass_number)
        if start >= head.size:
            return self._raw(pass_number, start, stop)
        if stop <= head.size:
            return head[start:stop]
        return np.concatenate([head[start:], self._raw(pass_number, head.size, stop)])

    def _raw(self, pass_number: int, start: int, stop: int) -> Int64Array:
        """Read part of one pass before its head is settled."""
        if self.size <= EXPLICIT_LIMIT:
            return self._order(pass_number)[start:stop]
        key = int(hash64(self.key, pass_number)[0])
        return permute(np.arange(start, stop, dtype=np.int64), self.size, key)

    def _order(self, pass_number: int) -> Int64Array:
        """Look a whole pass up."""
        group, member = divmod(pass_number, self._group)
        order: Int64Array = self._orders(group)[member]
        return order

    def _compute_orders(self, group: int) -> Int64Array:
        """Compute several whole passes at once where they are short; cached for the two groups in use."""
        numbers = np.arange(group * self._group, (group + 1) * self._group)
        return explicit_permutations(self.size, hash64(self.key, numbers))[:, : self.length]

    def _compute_head(self, pass_number: int) -> Int64Array:
        """Settle the first two windows of a pass against the last window of the one before."""
        if pass_number == 0 or not self._reach:
            return np.empty(0, np.int64)
        tail = self._raw(pass_number - 1, self.length - self._reach, self.length)
        return _settle(self._raw(pass_number, 0, 2 * self._reach), tail)

    def _chained_order(self, pass_number: int) -> Int64Array:
        """Settle short passes one after the other."""
        known = self._last_chained
        number, order = known if known and known[0] <= pass_number else (0, self._order(0))
        while number < pass_number:
            number += 1
            # All of the raw pass: where `drop_last` trims it, the trimmed samples help to settle the others.
            key = hash64(self.key, number)
            raw = explicit_permutations(self.size, key)[0]
            order = _settle(raw, order[self.length - self._reach :])[: self.length]
        self._last_chained = (number, order)
        return order


def _settle(raw: Int64Array, tail: Int64Array) -> Int64Array:
    """Put off the samples of a new pass that stand too near to their place in the last one."""
    # The sample t places into the tail was seen tail.size - t places before the boundary: free again from place t + 1.
    release = dict(zip(tail.tolist(), range(1, tail.size + 1), strict=True))
    samples = raw.tolist()
    settled: list[int] = []
    waiting: list[tuple[int, int]] = []
    done = 0
    for i in [i for i, sample in enumerate(samples) if sample in release]:
        _settle_free(settled, samples[done:i], waiting)
        free_from = release[samples[i]]
        if free_from <= len(settled):
            settled.append(samples[i])
        else:
            heapq.heappush(waiting, (free_from, samples[i]))
        done = i + 1
    _settle_free(settled, samples[done:], waiting)
    return np.array(settled, dtype=np.int64)


def _settle_free(settled: list[int], free: list[int], waiting: list[tuple[int, int]]) -> None:
    """Settle samples that may stand anywhere, and between them those whose waiting ends."""
    while waiting and waiting[0][0] <= len(settled) + len(free):
        free_from, sample = heapq.heappop(waiting)
        before = max(0, free_from - len(settled))
        settled += [*free[:before], sample]
        free = free[before:]
    settled += free
