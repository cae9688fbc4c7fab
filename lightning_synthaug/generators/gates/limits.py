"""How far a sample may go in several measures, by how far real samples go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

__all__ = ["Limits"]

#: The share of real samples that says how a measure thins out.
_TAIL: Final = 0.1


@final
class Limits:
    """A limit on each measure, so that a stated share of real samples keeps to all of them.

    A limit lies where few real samples would be if a measure thins out exponentially beyond the
    value that a tenth of them exceed ("peaks over threshold": Davison & Smith, 1990,
    doi:10.1111/j.2517-6161.1990.tb01796.x), so that it can lie beyond all values seen. Where too
    many are refused nevertheless, limits are raised to the highest value seen: first those that are
    raised least by it, since a habit that a few real samples have, such as ending without a full
    stop, would otherwise make room for everything else.

    Args:
        rows: What real samples measure, the higher the worse, by name; a name that is missing was
            not measured. None for a real sample that is refused anyway.
        units: The smallest difference of each measure that means something, > 0.
        share: Share of real samples that keep to all limits, in (0, 1).

    Example:
        >>> limits = Limits([{"old": age} for age in range(20, 70)], {"old": 1.0}, share=0.95)
        >>> limits.worst({"old": 65})[1], limits.worst({"old": 200})[1]
        ('', 'old')
    """

    def __init__(
        self,
        rows: Sequence[Mapping[str, float] | None],
        units: Mapping[str, float],
        *,
        share: float,
    ) -> None:
        self._names = sorted(units)
        values = np.array([self._row(row) for row in rows if row is not None])
        odds = _TAIL * len(units) / (1 - share)
        tails = [
            _tail(column[column > -np.inf], units[name], odds)
            for name, column in zip(self._names, values.T, strict=True)
        ]
        self._most, self._reach = np.array(tails).T
        allowed = int(len(rows) * (1 - share) + 1e-9) - (len(rows) - len(values))
        _raise(self._most, values, self._reach, allowed)

    def worst(self, row: Mapping[str, float]) -> tuple[float, str]:
        """Find the measure in which a sample goes furthest.

        Args:
            row: What it measures, by name.

        Returns:
            How far it stays within that limit, below 0 when it does not; and the name of the
            measure where it does not, else an empty one.
        """
        left = (self._most - self._row(row)) / self._reach
        place = int(left.argmin())
        return float(left[place]), "" if left[place] >= 0 else self._names[place]

    def _row(self, row: Mapping[str, float]) -> npt.NDArray[np.float64]:
        """Put measures in order."""
        return np.array([row.get(name, -np.inf) for name in self._names], np.float64)


def _tail(values: npt.NDArray[np.float64], smallest: float, odds: float) -> tuple[float, float]:
    """Find the value that one in so many of the tail reaches, and how far the tail reaches on average."""
    if not values.size:
        return np.inf, 1.0
    start = float(np.quantile(values, 1 - _TAIL))
    reach = max(float(np.maximum(values - start, 0).mean()) / _TAIL, smallest)
    return start + reach * float(np.log(odds)), reach


def _raise(
    limits: npt.NDArray[np.float64],
    values: npt.NDArray[np.float64],
    reach: npt.NDArray[np.float64],
    allowed: int,
) -> None:
    """Raise limits until no more samples than allowed go beyond any, those first that have least to go."""
    lowest = limits.copy()
    order = np.argsort((values.max(axis=0) - limits) / reach)
    for place in [
        *order,
        *order,
    ]:  # the second time round, what was raised in vain comes down again
        others = np.delete(values > limits, place, axis=1).any(axis=1)
        own = np.sort(values[~others, place])[::-1]
        left = max(allowed - int(others.sum()), 0)
        limits[place] = max(lowest[place], own[left] if left < own.size else -np.inf)
