"""How far a sample may go in several measures, by how far real samples go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

__all__ = ["PARTS", "Limits", "deal"]

PARTS: Final = 5
"""Parts of the real samples, each judged by what the others show."""

#: The share of real samples that says how a measure thins out.
_TAIL: Final = 0.1
#: How much rarer a value has to be than the share says before it is refused, tried in this order.
_RARER: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256)


@final
class Limits:
    """A limit on each measure, so that a stated share of real samples keeps to all of them.

    A limit lies where few real samples would be if a measure thins out exponentially beyond the
    value that a tenth of them exceed ("peaks over threshold": Davison & Smith, 1990,
    doi:10.1111/j.2517-6161.1990.tb01796.x), so that it can lie beyond all values seen. Where too
    many are refused nevertheless, limits are raised to the highest value seen: first those that are
    raised least by it, since a habit that a few real samples have, such as ending without a full
    stop, would otherwise make room for everything else. Whether enough samples pass is tried on
    those that limits were not set by; if not, all limits are set further out.

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
        smallest = [units[name] for name in self._names]
        odds = _TAIL * len(units) / (1 - share)
        lost = 1 - share - (len(rows) - len(values)) / len(rows)
        fewest, rarer = len(values) + 1, 1
        for trial in _RARER:
            refused = _refused(values, smallest, trial * odds, lost)
            if refused < fewest:
                fewest, rarer = refused, trial
            if refused <= np.ceil(lost * len(values)):
                break
        self._most, self._reach = _limits(values, smallest, rarer * odds, lost)

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


def deal(count: int) -> npt.NDArray[np.int64]:
    """Deal samples out to parts evenly, in step with no period that they may have.

    Args:
        count: Samples.

    Returns:
        Part of each, in [0, `PARTS`): by the golden ratio. Shape `(count,)`.

    Example:
        >>> deal(8).tolist()
        [0, 3, 1, 4, 2, 0, 3, 1]
    """
    places = PARTS * (np.arange(count) * 0.6180339887498949 % 1)
    return places.astype(np.int64)


def _refused(
    values: npt.NDArray[np.float64], smallest: Sequence[float], odds: float, lost: float
) -> int:
    """Count the samples beyond limits that the other parts set."""
    part, beyond = deal(len(values)), 0
    for held_out in range(PARTS):
        limits, _ = _limits(values[part != held_out], smallest, odds, lost)
        beyond += int((values[part == held_out] > limits).any(axis=1).sum())
    return beyond


def _limits(
    values: npt.NDArray[np.float64], smallest: Sequence[float], odds: float, lost: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Set a limit on each measure, and say how far its tail reaches on average."""
    tails = [
        _tail(column[column > -np.inf], unit, odds)
        for column, unit in zip(values.T, smallest, strict=True)
    ]
    limits, reach = np.array(tails).T
    _raise(limits, values, reach, int(lost * len(values) + 1e-9))
    return limits, reach


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
    # Twice: what was raised in vain comes down again.
    for place in [*order, *order]:
        others = np.delete(values > limits, place, axis=1).any(axis=1)
        own = np.sort(values[~others, place])[::-1]
        left = max(allowed - int(others.sum()), 0)
        limits[place] = max(lowest[place], own[left] if left < own.size else -np.inf)
