"""Streams of passes over the data, each in a keyed order, never the same sample twice within a batch."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.plan.decks import sliding_orders
from lightning_synthaug.plan.permutation import explicit_permutations, permute
from lightning_synthaug.plan.seeding import Int64Array, hash64

__all__ = ["EXPLICIT_LIMIT", "PassStream"]

#: Above this many samples an order is computed position by position, in constant memory.
EXPLICIT_LIMIT = 1 << 22

#: Samples of short passes that are ordered at once.
_TOGETHER = 1 << 14


@final
@dataclass(frozen=True, slots=True)
class _Rule:
    """How passes from one on are ordered.

    Args:
        first: Number of the first pass.
        fresh: Whether each pass has an order of its own; else it is a little off the one before it.
        by: Fresh: places at both sides of a seam that share no sample. Else: samples that move with each pass.
    """

    first: int
    fresh: bool
    by: int


@final
class PassStream:
    """An endless stream of passes over 0..size-1, readable at any position in constant time.

    Each pass is a permutation cut to `length`. A batch can hold the end of one pass and the beginning of the next.
    Where a pass is at least three batches long, its order is all new; only the samples at its head that the last
    pass ended with are put off a little. Shorter passes slide: each is a little off the one before it, by as much as
    the batch leaves room for (`sliding_orders`). Where a batch can hold the whole pass, each has the same order: a
    sample then comes twice only where a batch holds more than all of them. Short passes that are cut are dealt from
    decks of all samples, or some would never come.

    Args:
        size: Number of samples, >= 1.
        length: Samples in a pass, in [1, size]. Smaller than `size` where `drop_last` trims the epoch.
        windows: Pairs of (number of a pass, most positions of the stream that one batch at its beginning or later can
            hold), ascending, the first for pass 0. What is said of later passes does not change earlier ones.
        key: 64-bit key.
        shuffle: Whether passes are permuted; else each is 0..length-1.
        explicit: Whether whole orders may be kept in memory.

    Example:
        >>> stream = PassStream(4, length=4, windows=[(0, 2)], key=1)
        >>> sorted(stream.take(4, 8).tolist())
        [0, 1, 2, 3]
    """

    def __init__(
        self,
        size: int,
        *,
        length: int,
        windows: Sequence[tuple[int, int]],
        key: int,
        shuffle: bool = True,
        explicit: bool = True,
    ) -> None:
        if shuffle and length < size and 3 * windows[0][1] > length:
            # Short passes slide, and cut ones would leave out the same samples for long, or for ever. So one deck of
            # all samples is dealt from, pass after pass; none comes twice within a pass, as if that were one batch.
            windows = [(-(-first * length // size), max(most, length)) for first, most in windows]
            length = size
        self.size = size
        self.length = length
        self.key = key
        self.shuffle = shuffle
        self._explicit = explicit and size <= EXPLICIT_LIMIT
        self._rules = _rules(length, windows)
        self._firsts = [rule.first for rule in self._rules]
        self._together = max(1, _TOGETHER // size)
        self._bases: dict[int, Int64Array] = {}
        self._group = lru_cache(maxsize=4)(self._compute_group)
        self._whole = lru_cache(maxsize=2)(self._compute_whole)
        self._head = lru_cache(maxsize=4)(self._compute_head)

    def take(self, start: int, stop: int) -> Int64Array:
        """Read consecutive positions of the stream.

        Args:
            start: First position, >= 0.
            stop: Position after the last one, >= start.

        Returns:
            Sample indices, shape `(stop - start,)`, values in [0, size).
        """
        if not self.shuffle:
            return np.arange(start, stop, dtype=np.int64) % self.length
        parts = []
        position = start
        while position < stop:
            part = self._part(position, stop)
            parts.append(part)
            position += part.size
        if len(parts) == 1:
            return parts[0]
        return np.concatenate(parts) if parts else np.empty(0, np.int64)

    def _part(self, start: int, stop: int) -> Int64Array:
        """Read as much from one position on as is computed together."""
        number = start // self.length
        place = bisect_right(self._firsts, number) - 1
        rule = self._rules[place]
        if rule.fresh and self.size > _TOGETHER:
            offset = start - number * self.length
            end = min(self.length, offset + stop - start)
            # Only where the head is read: it needs the tail before it, which must not need the head before that.
            if number and offset < 2 * rule.by:
                return self._head(place, number)[offset:end]
            return self._raw(number, offset, end)
        group = (number - rule.first) // self._together
        first = (rule.first + group * self._together) * self.length
        return self._group(place, group)[start - first : stop - first]

    def _compute_group(self, place: int, group: int) -> Int64Array:
        """Order several short passes at once, one after the other; cached for those in use."""
        rule = self._rules[place]
        first = rule.first + group * self._together
        end = first + self._together
        if place + 1 < len(self._rules):
            end = min(end, self._rules[place + 1].first)
        if rule.fresh:
            orders = self._fresh(rule, first, end)
        else:
            orders = sliding_orders(
                self.size,
                np.arange(first - rule.first, end - rule.first),
                step=rule.by,
                key=int(hash64(self._key_of_slides(), rule.first)[0]),
                base=self._base(place),
            )
        flat: Int64Array = orders[:, : self.length].reshape(-1)
        return flat

    def _fresh(self, rule: _Rule, first: int, end: int) -> Int64Array:
        """Draw orders of their own for short passes, and part them from the end of the pass before each."""
        before = max(rule.first, first - 1)
        numbers = np.arange(before, end)
        orders: Int64Array = explicit_permutations(self.size, hash64(self.key, numbers))
        reach, length = rule.by, self.length
        tails = orders[:-1, length - reach : length]
        if before < first:
            orders = orders[1:]
        elif first:
            tail = self.take(first * length - reach, first * length)
            tails = np.concatenate([tail[None], tails])
        late = orders.shape[0] - tails.shape[0]  # the very first pass has none before it
        orders[late:, : 2 * reach] = _part_from(orders[late:, : 2 * reach], tails, self.size)
        return orders

    def _base(self, place: int) -> Int64Array | None:
        """Look up the order that a rule goes on from; None at the beginning of the stream."""
        # From the first on: each needs the one before it, and rules can be many.
        for i in range(1, place + 1):
            if not self._rules[i].fresh and i not in self._bases:
                stop = self._rules[i].first * self.length
                taken = self.take(stop - self.length, stop)
                left_out = np.setdiff1d(np.arange(self.size), taken)
                self._bases[i] = np.concatenate([taken, left_out])
        return self._bases.get(place)

    def _compute_head(self, place: int, number: int) -> Int64Array:
        """Part the head of a long pass from the end of the one before it."""
        reach = self._rules[place].by
        tail = self.take(number * self.length - reach, number * self.length)
        head: Int64Array = _part_from(self._raw(number, 0, 2 * reach)[None], tail[None], self.size)[
            0
        ]
        return head

    def _raw(self, number: int, start: int, stop: int) -> Int64Array:
        """Read part of a long pass as it was drawn."""
        if self._explicit:
            return self._whole(number)[start:stop].astype(np.int64)
        key = int(hash64(self.key, number)[0])
        return permute(np.arange(start, stop, dtype=np.int64), self.size, key)

    def _compute_whole(self, number: int) -> npt.NDArray[np.int32]:
        """Draw a whole long pass; cached for the two in use, and so kept small."""
        whole = explicit_permutations(self.size, hash64(self.key, number))[0]
        small: npt.NDArray[np.int32] = whole.astype(np.int32)
        return small

    def _key_of_slides(self) -> int:
        """Give sliding orders a key of their own."""
        return int(hash64(self.key, 1 << 62)[0])


def _rules(length: int, windows: Sequence[tuple[int, int]]) -> list[_Rule]:
    """Decide how passes are ordered, in few levels, so that a moving ratio changes the rule seldom."""
    rules: dict[int, _Rule] = {}
    for first, most in windows:
        if 3 * most <= length:
            # Up to a power of two; the last `by` places of a pass must lie behind the first two times `by`.
            rule = _Rule(
                first, True, min(1 << (most - 2).bit_length() if most > 1 else 0, length // 3)
            )
        else:
            room = (length - min(most, length) + 1) // 2
            rule = _Rule(first, False, 1 << room.bit_length() >> 1)
        rules[first] = rule
    kept: list[_Rule] = []
    for rule in rules.values():
        if not kept or (rule.fresh, rule.by) != (kept[-1].fresh, kept[-1].by):
            kept.append(rule)
    return kept


def _part_from(heads: Int64Array, tails: Int64Array, size: int) -> Int64Array:
    """Put samples of each head that its tail holds behind the others; a tail has half as many, so half are left."""
    apart = np.arange(heads.shape[0])[:, None] * size
    late = np.isin(heads + apart, tails + apart)
    parted: Int64Array = np.take_along_axis(heads, np.argsort(late, axis=1, kind="stable"), axis=1)
    return parted
