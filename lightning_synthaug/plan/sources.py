"""Weighted choice without chance: who gets the k-th sample, exactly to its share at every moment."""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from numbers import Integral, Real
from typing import TypeVar, final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.plan.seeding import Int64Array, divide, sorted_runs

__all__ = ["MAX_PERIOD", "ShareTable", "integer_weights", "occurrence"]

#: Longest period of a table; weights that need more are refused.
MAX_PERIOD = 1 << 16

#: Period of weights that none holds exactly.
_ROUNDED = 1 << 14

Name = TypeVar("Name", str, int)


@final
class ShareTable:
    """One period of an earliest-deadline-first schedule over integer weights.

    With weights n and their sum D, entry i of weight n_j is released at floor(i D / n_j) and due at
    ceil((i + 1) D / n_j). Serving the earliest deadline first keeps each count, at any moment, within one of its
    exact share; counts anywhere follow from the period in constant time.

    Args:
        weights: Integers >= 0, their sum in [1, MAX_PERIOD].

    Source:
        Baruah, Cohen, Plaxton & Varvel, "Proportionate progress", Algorithmica 15 (1996), doi:10.1007/BF01940883,
        for one processor.

    Example:
        >>> ShareTable([3, 1]).who(np.arange(8)).tolist()
        [0, 0, 0, 1, 0, 0, 0, 1]
    """

    def __init__(self, weights: Sequence[int]) -> None:
        self.weights: Int64Array = np.array(weights, dtype=np.int64)
        self.period = int(self.weights.sum())
        self.table: npt.NDArray[np.int64] = np.array(_schedule(list(weights)), dtype=np.int64)
        #: Which occurrence of its owner an entry is within the period.
        self.nth = occurrence(self.table)

    def who(self, number: Int64Array) -> Int64Array:
        """Return the owner of each sample.

        Args:
            number: Sample numbers, >= 0. Shape `(n,)`.

        Returns:
            Owners, shape `(n,)`, values in [0, len(weights)).
        """
        if self.period == 1:
            return np.full_like(number, self.table[0])
        owners: Int64Array = self.table[number % self.period]
        return owners

    def rank(self, number: Int64Array) -> Int64Array:
        """Return, for each sample, how many of its owner's came before it.

        Args:
            number: Sample numbers, >= 0. Shape `(n,)`.

        Returns:
            Ranks, shape `(n,)`, >= 0.
        """
        if self.period == 1:
            return number
        rounds, phase = divide(number, self.period)
        ranks: Int64Array = rounds * self.weights[self.table[phase]] + self.nth[phase]
        return ranks

    def counts(self, number: int) -> Int64Array:
        """Count each owner's samples before one number.

        Args:
            number: Sample number, >= 0.

        Returns:
            Counts, shape `(len(weights),)`.
        """
        rounds, phase = divmod(number, self.period)
        prefix = np.bincount(self.table[:phase], minlength=self.weights.size)
        counts: Int64Array = rounds * self.weights + prefix
        return counts


def occurrence(owners: Int64Array) -> Int64Array:
    """Number each element among those of equal value, in order of appearance.

    Args:
        owners: Any integers. Shape `(n,)`.

    Returns:
        For each element, how many equal ones stand before it. Shape `(n,)`.

    Example:
        >>> occurrence(np.array([5, 5, 9, 5])).tolist()
        [0, 1, 0, 2]
    """
    order, starts, lengths = sorted_runs(owners)
    ranks = np.empty(owners.size, np.int64)
    ranks[order] = np.arange(owners.size) - np.repeat(starts, lengths)
    return ranks


def _schedule(weights: list[int]) -> list[int]:
    """Serve one period, earliest deadline first."""
    period = sum(weights)
    waiting = [(0, j) for j, n in enumerate(weights) if n]
    heapq.heapify(waiting)
    ready: list[tuple[int, int]] = []
    served = [0] * len(weights)
    order = []
    for moment in range(period):
        while waiting and waiting[0][0] <= moment:
            _, j = heapq.heappop(waiting)
            heapq.heappush(ready, (-(-(served[j] + 1) * period // weights[j]), j))
        _, j = heapq.heappop(ready)
        order.append(j)
        served[j] += 1
        if served[j] < weights[j]:
            heapq.heappush(waiting, (served[j] * period // weights[j], j))
    return order


def integer_weights(
    weights: Mapping[Name, float], *, known: Sequence[Name], argument: str = "weights"
) -> list[int]:
    """Turn a user's weights into small integers in the order of the known names.

    Weights that no short period can hold exactly are rounded to parts of a period of 2^14.

    Args:
        weights: Positive numbers by name; a name left out is an error.
        known: The names, in order.
        argument: Name of the argument, for the errors.

    Returns:
        Integers >= 1 without a common factor, one for each name, their sum at most MAX_PERIOD.

    Raises:
        ConfigError: A weight that is zero, negative or no number, an unknown or missing name, or a share below half
            a part of the longest period.

    Example:
        >>> integer_weights({"a": 0.75, "b": 0.25}, known=["a", "b"])
        [3, 1]
        >>> integer_weights({0: 1 / 70, 1: 1 / 20}, known=[0, 1])
        [2, 7]
    """
    if not isinstance(weights, Mapping):
        raise ConfigError(
            "SA103",
            f"`{argument}` must be a mapping from names to numbers, got {weights!r}. Write {{name: number}}; the names "
            f"are {list(known)}.",
        )
    unknown = sorted(set(weights) - set(known), key=str)
    missing = sorted(set(known) - set(weights), key=str)
    if unknown or missing:
        raise ConfigError(
            "SA103",
            f"`{argument}` must name each source once, got {dict(weights)!r} (unknown: {unknown}, missing: {missing}). "
            f"The sources are {list(known)}.",
        )
    for name in known:
        value = weights[name]
        usable = isinstance(value, Real) and not isinstance(value, bool)
        if not usable or not 0 < value < math.inf:
            raise ConfigError(
                "SA102",
                f"`{argument}[{name!r}]` must be a number above 0, got {value!r}. Leave out what "
                "shall get nothing.",
            )
    fractions = [_fraction(weights[name]) for name in known]
    scale = math.lcm(*(f.denominator for f in fractions))
    integers = [int(f * scale) for f in fractions]
    factor = math.gcd(*integers)
    integers = [n // factor for n in integers]
    if sum(integers) <= MAX_PERIOD:
        return integers
    exact = [Fraction(n * _ROUNDED, sum(integers)) for n in integers]
    if min(exact) < Fraction(1, 2) or len(exact) > _ROUNDED:
        raise ConfigError(
            "SA102",
            f"`{argument}` must leave each at least half of a part in {_ROUNDED}, got {dict(weights)!r}. Leave out "
            "what is to get next to nothing, or weigh it more.",
        )
    parts = [max(1, math.floor(e)) for e in exact]
    order = sorted(range(len(exact)), key=lambda i: parts[i] - exact[i])
    for i in order[: max(0, _ROUNDED - sum(parts))]:
        parts[i] += 1
    return parts


def _fraction(value: float) -> Fraction:
    """Read a weight as it was meant: as written, or as the fraction of small numbers that it was computed from."""
    if isinstance(value, Integral):
        return Fraction(int(value))
    exact = Fraction(str(value))
    near = exact.limit_denominator(10_000)
    return near if near and abs(near - exact) < exact * Fraction(1, 10**12) else exact
