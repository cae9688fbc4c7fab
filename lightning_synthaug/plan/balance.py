"""Label allocation: which label the k-th synthetic sample is asked for."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.plan.knots import Knots
from lightning_synthaug.plan.seeding import Int64Array
from lightning_synthaug.plan.sources import MAX_PERIOD, ShareTable

__all__ = ["LabelStages", "level_shares", "uniform_stages"]

FloatArray = npt.NDArray[np.float64]

#: Under `uniform`, shares are recomputed each time the ratio has moved by this much.
_RATIO_STEP = 1 / 64


@final
class LabelStages:
    """Integer label weights that may change at certain sample numbers.

    Args:
        starts: First sample number of each stage, ascending from 0, each start a multiple of the period of the
            stage before it away from that one's start.
        weights: Integer weights of each stage, one for each label.
    """

    def __init__(self, starts: Sequence[int], weights: Sequence[Sequence[int]]) -> None:
        self.starts = list(starts)
        self.weights = [np.array(w, dtype=np.int64) for w in weights]
        #: Samples of each label before each stage.
        self.before = [np.zeros_like(self.weights[0])]
        for i in range(len(self.starts) - 1):
            periods = (self.starts[i + 1] - self.starts[i]) // int(self.weights[i].sum())
            self.before.append(self.before[i] + periods * self.weights[i])
        self._table = lru_cache(maxsize=8)(lambda i: ShareTable(self.weights[i].tolist()))

    def assign(self, number: Int64Array) -> tuple[Int64Array, Int64Array]:
        """Give each sample a label.

        Args:
            number: Consecutive sample numbers, ascending, >= 0. Shape `(n,)`.

        Returns:
            Label positions, and how many samples of that label came before. Each of shape `(n,)`.
        """
        label, rank = np.empty_like(number), np.empty_like(number)
        if not number.size:
            return label, rank
        done = 0
        while done < number.size:
            i = bisect_right(self.starts, int(number[done])) - 1
            more = i + 1 < len(self.starts)
            end = int(np.searchsorted(number, self.starts[i + 1])) if more else number.size
            local = number[done:end] - self.starts[i]
            table = self._table(i)
            label[done:end] = table.who(local)
            rank[done:end] = self.before[i][label[done:end]] + table.rank(local)
            done = end
        return label, rank


def level_shares(
    histogram: FloatArray, ratio: float, makeable: npt.NDArray[np.bool_]
) -> FloatArray:
    """Compute what the synthetic share must ask for to level the batch as far as it can.

    Real samples keep their shares (1 - ratio) * histogram; the synthetic part is poured onto the lowest labels
    first, up to a common level.

    Args:
        histogram: Share of each label among the real samples, sums to 1. Shape `(labels,)`.
        ratio: Synthetic ratio, in (0, 1].
        makeable: Labels that the source can make, at least one.

    Returns:
        Shares of the synthetic part, sum 1. Shape `(labels,)`.

    Source:
        Water-filling: Cover & Thomas, Elements of Information Theory, 2nd ed., section 9.4.

    Example:
        >>> level_shares(np.array([0.8, 0.2]), 0.5, np.array([True, True])).tolist()
        [0.19999999999999996, 0.8]
    """
    floor = (1 - ratio) * histogram[makeable]
    ascending = np.sort(floor)
    counts = np.arange(1, ascending.size + 1)
    levels = (ratio + np.cumsum(ascending)) / counts
    # The right level lies at or above the floors it fills and at or below the next one.
    filled = int(np.nonzero(levels >= ascending)[0][-1])
    poured = np.maximum(0.0, levels[filled] - floor)
    shares = np.zeros_like(histogram)
    shares[makeable] = poured / poured.sum()
    return shares


def uniform_stages(
    knots: Knots,
    histogram: FloatArray,
    makeable: npt.NDArray[np.bool_],
    source: ShareTable,
    owner: int,
) -> LabelStages:
    """Compile `balance="uniform"` for one source.

    Args:
        knots: The compiled schedule.
        histogram: Share of each label among the real samples. Shape `(labels,)`.
        makeable: Labels that the source can make.
        source: Who gets which synthetic sample.
        owner: This source's place in `source`.

    Returns:
        Stages in this source's own sample numbers, aligned to whole periods.
    """
    period = min(MAX_PERIOD, max(256, 1 << math.ceil(math.log2(8 * histogram.size))))
    starts: list[int] = []
    weights: list[list[int]] = []
    for position, ratio in _ratio_steps(knots):
        if ratio <= 0:
            continue
        mine = int(source.counts(knots.count(position))[owner])
        start = mine // period * period if starts else 0
        shares = _round_to_sum(level_shares(histogram, ratio, makeable), period)
        if starts and start == starts[-1]:
            weights[-1] = shares
        else:
            starts.append(start)
            weights.append(shares)
    if not starts:
        return LabelStages([0], [makeable.astype(int).tolist()])
    return LabelStages(starts, weights)


def _ratio_steps(knots: Knots) -> Iterator[tuple[int, float]]:
    """Cut the course into stretches of nearly constant ratio; yield each start and the ratio in its middle."""
    positions = [segment[0] for segment in knots.key()]
    for here, following in pairwise(positions):
        change = abs(knots.ratio(following - 1) - knots.ratio(here))
        pieces = max(1, math.ceil(change / _RATIO_STEP))
        edges = sorted({here + (following - here) * i // pieces for i in range(pieces + 1)})
        for a, b in pairwise(edges):
            yield a, knots.ratio((a + b) // 2)
    yield positions[-1], knots.ratio(positions[-1])


def _round_to_sum(shares: FloatArray, total: int) -> list[int]:
    """Round shares to whole parts of `total` by largest remainder."""
    exact = shares * total
    parts = np.floor(exact).astype(np.int64)
    missing = total - int(parts.sum())
    parts[np.argsort(parts - exact, kind="stable")[:missing]] += 1
    return [int(p) for p in parts]
