"""Ramps: schedules that go from one ratio to another along a shape."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from itertools import pairwise
from numbers import Real
from typing import final

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.plan.knots import Breakpoint
from lightning_synthaug.plan.schedules import Schedule, check_ratio
from lightning_synthaug.plan.times import Clock, Time, parse_time

__all__ = ["Cosine", "Exponential", "Linear", "Sigmoid"]


@dataclass(frozen=True)
class _Ramp(Schedule):
    """A course from one ratio to another; subclasses give its shape."""

    start: float
    end: float
    over: str = "100%"
    begin: str = "0%"

    def __post_init__(self) -> None:
        """Check the arguments."""
        check_ratio(self.start, "start")
        check_ratio(self.end, "end")
        begin, over = self._times()
        if begin.unit == over.unit == "%" and begin.value < 100 < begin.value + over.value:
            raise ConfigError(
                "SA105",
                f"A schedule must end within the run, got begin={self.begin!r}, over={self.over!r} in {self!r}. `over` "
                f'is how long the ramp takes: at most over="{float(100 - begin.value):g}%" after this beginning.',
            )
        if over.value == 0 or (begin.unit == over.unit == "%" and begin.value >= 100):
            raise ConfigError(
                "SA105",
                f"A schedule must end after it begins, got begin={self.begin!r}, over={self.over!r} in {self!r}. "
                "`over` is how long the ramp takes; for a jump use Steps.",
            )

    def _times(self) -> tuple[Time, Time]:
        """Read `begin` and `over`."""
        return parse_time(self.begin, argument="begin"), parse_time(self.over, argument="over")

    @abstractmethod
    def _shape(self, t: float) -> float:
        """Return the share of the way covered at time t, both in [0, 1]."""

    @abstractmethod
    def _area(self, t: float) -> float:
        """Return the integral of the shape from 0 to t."""

    @abstractmethod
    def _bend(self, a: float, b: float) -> float:
        """Bound the second derivative of the shape between two times."""

    def _cuts(self, length: int) -> list[float]:
        """Cut the ramp until the integral of a straight ratio follows that of the shape.

        Where both integrals agree at the ends and in the slope at the beginning, they differ by at most 2/81 of the
        third derivative times the cubed length. It is kept below a thousandth of a sample.
        """
        rise = abs(float(self.end) - float(self.start))
        cuts, waiting = [], [(0.0, 1.0)]
        while waiting:
            a, b = waiting.pop()
            wrong = 2 / 81 * rise * self._bend(a, b) * length * (b - a) ** 3
            if wrong > 1e-3 and (b - a) * length > 1:
                waiting += [((a + b) / 2, b), (a, (a + b) / 2)]
            else:
                cuts.append(a)
        return [*cuts, 1.0]

    def breakpoints(self, clock: Clock) -> list[Breakpoint]:
        """Describe the course: constant, the ramp in pieces of exact area, constant."""
        begin, over = self._times()
        first = begin.slot(clock)
        length = max(1, over.after(first, clock))
        start, rise = float(self.start), float(self.end) - float(self.start)
        low, high = sorted((start, start + rise))
        # Halves of halves are exact, so that edges are the same on every machine.
        edges = sorted({int(cut * length) for cut in self._cuts(length)})
        points = [Breakpoint(0, start, start)] if first else []
        for a, b in pairwise(edges):
            area = self._area(b / length) - self._area(a / length)
            mean = min(high, max(low, start + rise * area * length / (b - a)))
            ratio = start + rise * self._shape(a / length)
            # A piece that would end outside the ramp's own range begins elsewhere: its area has to be right.
            ratio = min(high, 2 * mean - low, max(low, 2 * mean - high, ratio))
            points.append(Breakpoint(first + a, ratio, mean))
        return [*points, Breakpoint(first + length, float(self.end), float(self.end))]


@final
@dataclass(frozen=True)
class Linear(_Ramp):
    """A straight ramp from one ratio to another; constant before and after it.

    Args:
        start: Ratio at its beginning, in [0, 1].
        end: Ratio at its end, in [0, 1]. May be below `start`.
        over: How long it takes, as a time: `"40%"`, `"5ep"`, `"2000ba"`.
        begin: When it begins, as a time.

    Raises:
        ConfigError: A ratio outside [0, 1], a time that cannot be read, a ramp without length.

    Example:
        >>> Linear(0.0, 0.5, over="40%")
        Linear(start=0.0, end=0.5, over='40%', begin='0%')
    """

    def _shape(self, t: float) -> float:
        """Return t."""
        return t

    def _area(self, t: float) -> float:
        """Return the integral of t."""
        return t * t / 2

    def _bend(self, a: float, b: float) -> float:
        """Return 0: the shape is straight."""
        return 0.0


@final
@dataclass(frozen=True)
class Cosine(_Ramp):
    """Half a cosine from one ratio to another: slow, fast, slow.

    Args:
        start: Ratio at its beginning, in [0, 1].
        end: Ratio at its end, in [0, 1].
        over: How long it takes, as a time.
        begin: When it begins, as a time.

    Source:
        The shape of Loshchilov & Hutter, "SGDR", ICLR 2017, arXiv:1608.03983, there for learning rates.
    """

    def _shape(self, t: float) -> float:
        """Return (1 - cos(pi t)) / 2."""
        return (1 - math.cos(math.pi * t)) / 2

    def _area(self, t: float) -> float:
        """Return the integral of the shape."""
        return t / 2 - math.sin(math.pi * t) / (2 * math.pi)

    def _bend(self, a: float, b: float) -> float:
        """Bound pi^2 / 2 |cos(pi t)|."""
        return math.pi**2 / 2


@final
@dataclass(frozen=True)
class Sigmoid(_Ramp):
    """A logistic step from one ratio to another.

    Args:
        start: Ratio at its beginning, in [0, 1].
        end: Ratio at its end, in [0, 1].
        over: How long it takes, as a time.
        begin: When it begins, as a time.
        steepness: Logistic growth over the whole ramp, > 0. 10 is a soft step.
    """

    steepness: float = 10.0

    def __post_init__(self) -> None:
        """Check the arguments."""
        super().__post_init__()
        _check_positive(self.steepness, "steepness")

    def _logistic(self, t: float) -> float:
        """Return the logistic function of the shifted time."""
        return 1 / (1 + math.exp(-self.steepness * (t - 0.5)))

    def _shape(self, t: float) -> float:
        """Return the logistic scaled to begin at 0 and end at 1."""
        low, high = self._logistic(0), self._logistic(1)
        return (self._logistic(t) - low) / (high - low)

    def _area(self, t: float) -> float:
        """Return the integral of the shape."""
        k, low, high = self.steepness, self._logistic(0), self._logistic(1)
        soft = math.log1p(math.exp(k * (t - 0.5))) - math.log1p(math.exp(-k / 2))
        return (soft / k - low * t) / (high - low)

    def _bend(self, a: float, b: float) -> float:
        """Bound k^2 times the second derivative of the logistic, itself at most e^-|x| and 1 / (6 sqrt 3)."""
        k, low, high = self.steepness, self._logistic(0), self._logistic(1)
        away = max(0.0, a - 0.5, 0.5 - b)
        return k * k * min(0.0963, math.exp(-k * away)) / (high - low)


@final
@dataclass(frozen=True)
class Exponential(_Ramp):
    """A ramp whose speed grows exponentially: most of the change comes late.

    Args:
        start: Ratio at its beginning, in [0, 1].
        end: Ratio at its end, in [0, 1].
        over: How long it takes, as a time.
        begin: When it begins, as a time.
        growth: Logarithm of the speed at the end over the speed at the beginning, > 0.
    """

    growth: float = 5.0

    def __post_init__(self) -> None:
        """Check the arguments."""
        super().__post_init__()
        _check_positive(self.growth, "growth")

    def _shape(self, t: float) -> float:
        """Return (e^(kt) - 1) / (e^k - 1)."""
        return math.expm1(self.growth * t) / math.expm1(self.growth)

    def _area(self, t: float) -> float:
        """Return the integral of the shape."""
        k = self.growth
        return (math.expm1(k * t) / k - t) / math.expm1(k)

    def _bend(self, a: float, b: float) -> float:
        """Return k^2 e^(kt) / (e^k - 1) at the later time."""
        k = self.growth
        return k * k * math.exp(k * b) / math.expm1(k)


def _check_positive(value: float, argument: str) -> None:
    """Refuse numbers that are not above zero."""
    if not (isinstance(value, Real) and not isinstance(value, bool) and 0 < value <= 100):
        raise ConfigError(
            "SA107",
            f"`{argument}` must be a number in (0, 100], got {value!r}. Leave it out for a default.",
        )
