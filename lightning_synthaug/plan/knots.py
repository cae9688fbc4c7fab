"""A compiled schedule: the integral of the ratio in whole numbers, exact and the same on every machine.

The ratio is linear between knots, so its integral S is quadratic there. Positions are global samples, ratios and
integrals are multiples of 2^-32. A position g holds a synthetic sample if and only if `floor(S(g+1)) > floor(S(g))`:
so the number of synthetic samples before any position is within one of the integral up to it.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import final

import numpy as np

from lightning_synthaug.plan.seeding import Int64Array

__all__ = ["Breakpoint", "Knots"]

_BITS = 32
_ONE = 1 << _BITS
#: Longest stretch computed at once; bounds the rounding error of the floating-point estimate.
_STRETCH = 1 << 20
#: Estimates nearer than this to a whole number are recomputed exactly. The error is below 2^20 * 2^-51 = 5e-10.
_DOUBT = 1e-8


@final
@dataclass(frozen=True, slots=True)
class Breakpoint:
    """Where a schedule changes its course.

    Args:
        position: Global sample, >= 0.
        ratio: Ratio just after the position, in [0, 1].
        mean: Mean ratio from here to the next breakpoint, in [0, 1]; equal to `ratio` where it is constant.
    """

    position: int
    ratio: float
    mean: float


@final
@dataclass(frozen=True, slots=True)
class _Segment:
    """A stretch from a knot on: S = integral + ratio * d + curvature * d^2 / length^2, d the distance from it."""

    position: int
    integral: int
    ratio: int
    curvature: int
    length: int

    def units(self, position: int) -> int:
        """Compute S exactly, in units of 2^-32 sample, rounded down."""
        d = position - self.position
        return self.integral + self.ratio * d + self.curvature * d * d // self.length**2

    def counts(self, start: int, size: int) -> Int64Array:
        """Count before each of `size` positions, the first of them `start`."""
        steps = np.arange(size, dtype=np.int64)
        if not self.curvature:
            base, part = divmod(self.units(start), _ONE)
            steps *= self.ratio
            steps += part
            steps >>= _BITS
            steps += base
            return steps
        square, d = self.length**2, start - self.position
        unit = square << _BITS
        base, part = divmod(
            (self.integral + self.ratio * d) * square + self.curvature * d * d, unit
        )
        slope = (self.ratio * square + 2 * self.curvature * d) / unit
        bend = self.curvature / unit
        estimate = part / unit + steps * (slope + steps * bend)
        counts: Int64Array = base + np.floor(estimate).astype(np.int64)
        for j in np.nonzero(np.abs(estimate - np.rint(estimate)) < _DOUBT)[0].tolist():
            counts[j] = self.units(start + j) >> _BITS
        return counts


@final
class Knots:
    """The integral of a ratio over global samples.

    Args:
        breakpoints: At least one, the first at position 0, ascending. After the last one the ratio stays.

    Example:
        >>> half = Knots([Breakpoint(0, 0.5, 0.5)])
        >>> half.counts(0, 4).tolist()
        [0, 0, 1, 1, 2]
    """

    def __init__(self, breakpoints: Iterable[Breakpoint]) -> None:
        points = list(breakpoints)
        ends = [*(p.position for p in points[1:]), None]
        segments = []
        integral = 0
        for point, end in zip(points, ends, strict=True):
            # Up, not to the nearest: a fifth of 40 samples is to be 8 of them, not 7.99999999. Where the ratio moves
            # the integral is given, and a ratio near 0 must not be kept from it.
            exact = point.ratio * _ONE
            ratio = math.ceil(exact) if point.mean == point.ratio else round(exact)
            length = 1 if end is None else end - point.position
            area = ratio * length if end is None else _area(ratio, point, length)
            segment = _Segment(point.position, integral, ratio, area - ratio * length, length)
            segments.append(segment)
            integral += area
        self._segments = tuple(segments)
        self._positions = [s.position for s in segments]

    def key(self) -> tuple[tuple[int, int, int, int, int], ...]:
        """Return all that the compiled schedule consists of, as plain integers.

        Returns:
            One (position, integral, ratio, curvature, length) for each knot; equal keys give equal plans.
        """
        return tuple(
            (s.position, s.integral, s.ratio, s.curvature, s.length) for s in self._segments
        )

    @classmethod
    def of_key(cls, key: object) -> Knots | None:
        """Read a compiled schedule back, trusting nothing: checkpoints travel between people.

        Args:
            key: What `key` returned, as tuples or lists.

        Returns:
            The same knots; None when it is not what this package writes.
        """
        rows = key if isinstance(key, (list, tuple)) else ()
        segments = []
        for row in rows:
            match row:
                case [int(position), int(integral), int(ratio), int(curvature), int(length)]:
                    segments.append(_Segment(position, integral, ratio, curvature, length))
                case _:
                    return None
        knots = cls([Breakpoint(0, 0.0, 0.0)])
        knots._segments = tuple(segments)
        knots._positions = [s.position for s in segments]
        return knots if segments and _is_course(segments) else None

    def signature(self) -> tuple[tuple[int, int], ...]:
        """Return what tells schedules apart, rounded far above the last bit of a machine's sine or exponential.

        Returns:
            One (position, ratio in units of 2^-20) for each knot.
        """
        return tuple((s.position, (s.ratio + 2048) >> 12) for s in self._segments)

    def changed(self, position: int, ratio: float) -> Knots:
        """Return a copy whose ratio is constant from a position on.

        Args:
            position: Global sample, >= 0.
            ratio: New ratio, in [0, 1].

        Returns:
            New knots; equal to these before the position.
        """
        copy = Knots([Breakpoint(0, ratio, ratio)])
        new = _Segment(position, self._units(position), math.ceil(ratio * _ONE), 0, 1)
        copy._segments = (*(s for s in self._segments if s.position < position), new)
        copy._positions = [s.position for s in copy._segments]
        return copy

    def ratio(self, position: int) -> float:
        """Return the ratio at a position.

        Args:
            position: Global sample, >= 0.

        Returns:
            Ratio in [0, 1].
        """
        s = self._segment(position)
        bend = 2 * s.curvature * (position - s.position) / s.length**2
        return min(1.0, max(0.0, (s.ratio + bend) / _ONE))

    def positions(self) -> list[int]:
        """Return where the course changes, ascending from 0."""
        return list(self._positions)

    def extremes(self, start: int, stop: int) -> tuple[float, float]:
        """Return the lowest and the highest ratio of a stretch.

        Args:
            start: First global sample, >= 0.
            stop: Sample after the last, > start.

        Returns:
            Two ratios in [0, 1].
        """
        first = bisect_right(self._positions, start)
        inner = self._positions[first : bisect_right(self._positions, stop - 1)]
        # Within a segment the ratio is a straight line: its ends are enough.
        ends = [start, stop - 1, *inner, *(p - 1 for p in inner)]
        ratios = [self.ratio(p) for p in ends]
        return min(ratios), max(ratios)

    def count(self, position: int) -> int:
        """Count the synthetic samples before a position: `floor(S(position))`.

        Args:
            position: Global sample, >= 0; any size.

        Returns:
            Samples, >= 0.
        """
        return self._units(position) >> _BITS

    def integral(self, position: int) -> float:
        """Return S at a position.

        Args:
            position: Global sample, >= 0.

        Returns:
            The integral of the ratio, in samples.
        """
        return self._units(position) / _ONE

    def counts(self, start: int, stop: int) -> Int64Array:
        """Count the synthetic samples before each position from `start` to `stop`, both included.

        Args:
            start: First position, >= 0.
            stop: Last position, >= start.

        Returns:
            Counts, shape `(stop - start + 1,)`, ascending by 0 or 1.
        """
        out = np.empty(stop - start + 1, np.int64)
        position = start
        while position <= stop:
            i = bisect_right(self._positions, position)
            last = self._positions[i] - 1 if i < len(self._positions) else stop
            size = min(last, stop, position + _STRETCH - 1) - position + 1
            out[position - start : position - start + size] = self._segments[i - 1].counts(
                position, size
            )
            position += size
        return out

    def _segment(self, position: int) -> _Segment:
        """Find the segment that governs a position."""
        return self._segments[bisect_right(self._positions, position) - 1]

    def _units(self, position: int) -> int:
        """Compute S exactly, in units of 2^-32 sample, rounded down."""
        return self._segment(position).units(position)


def _is_course(segments: list[_Segment]) -> bool:
    """Tell whether segments follow each other without a gap or a jump, at ratios in [0, 1]."""
    if segments[0].position or segments[0].integral:
        return False
    for s in segments:
        end = s.ratio * s.length + 2 * s.curvature
        if not (s.length > 0 and 0 <= s.ratio <= _ONE and 0 <= end <= s.length * _ONE):
            return False
    return all(
        b.position == a.position + a.length and b.integral == a.units(b.position)
        for a, b in pairwise(segments)
    )


def _area(ratio: int, point: Breakpoint, length: int) -> int:
    """Integrate one segment, keeping the ratio at both its ends within [0, 1]."""
    if point.mean == point.ratio:
        return ratio * length
    area = round(point.mean * length * _ONE)
    return min(max(area, -(-ratio * length // 2)), (ratio + _ONE) * length // 2)
