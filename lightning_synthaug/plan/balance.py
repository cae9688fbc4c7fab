"""Label allocation: which label the k-th synthetic sample is asked for."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from typing import final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.plan.seeding import Int64Array
from lightning_synthaug.plan.sources import MAX_PERIOD, ShareTable
from lightning_synthaug.plan.stretches import Stretch, ratio_pieces

__all__ = ["LabelStages", "level_shares", "uniform_stages"]

FloatArray = npt.NDArray[np.float64]


@final
class LabelStages:
    """Integer label weights that may change at certain sample numbers.

    Args:
        starts: First sample number of each stage, ascending from 0, each start a multiple of the period of the
            stage before it away from that one's start.
        weights: Integer weights of each stage, one for each label.
        peaks: For each stretch of the run the highest share of each label, as far as is known before the next event.
            Shape `(labels,)` each. None: those of the one stage.
        possible: Labels that may be asked for, whatever happens. Shape `(labels,)`. None: those asked for.
    """

    def __init__(
        self,
        starts: Sequence[int],
        weights: Sequence[Sequence[int]],
        peaks: Sequence[FloatArray] | None = None,
        possible: npt.NDArray[np.bool_] | None = None,
    ) -> None:
        self.starts = list(starts)
        self.weights = [np.array(w, dtype=np.int64) for w in weights]
        #: Samples of each label before each stage.
        self.before = [np.zeros_like(self.weights[0])]
        for i in range(len(self.starts) - 1):
            periods = (self.starts[i + 1] - self.starts[i]) // int(self.weights[i].sum())
            self.before.append(self.before[i] + periods * self.weights[i])
        self.peaks = peaks or [self.weights[0] / self.weights[0].sum()]
        #: Labels that are asked for in some stage. Shape `(labels,)`.
        self.asked: npt.NDArray[np.bool_] = np.any(np.stack(self.weights) > 0, axis=0)
        self.possible = self.asked if possible is None else possible
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

    def counts(self, number: int) -> Int64Array:
        """Count each label's samples before one number.

        Args:
            number: Sample number, >= 0.

        Returns:
            Counts, shape `(labels,)`.
        """
        i = bisect_right(self.starts, number) - 1
        counts: Int64Array = self.before[i] + self._table(i).counts(number - self.starts[i])
        return counts


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
    stretches: Sequence[Stretch],
    histogram: FloatArray,
    makeable: npt.NDArray[np.bool_],
    source: ShareTable,
    owner: int,
) -> LabelStages:
    """Compile `balance="uniform"` for one source.

    A stage begins with the first whole period at or after the change of the ratio that it answers, so that an event
    leaves what came before it as it was.

    Args:
        stretches: The run between its recorded events.
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
    peaks: list[FloatArray] = []
    for i, stretch in enumerate(stretches):
        peak = peaks[-1] if peaks else np.zeros(histogram.size)
        end = stretches[i + 1].slot if i + 1 < len(stretches) else None
        knots = stretch.knots
        for a, b in ratio_pieces(knots, stretch.slot):
            ratio = knots.ratio(a if b is None else (a + b) // 2)
            if ratio <= 0:
                continue
            shares = _round_to_sum(level_shares(histogram, ratio, makeable), period)
            peak = np.maximum(peak, np.array(shares) / period)
            if end is not None and a >= end:
                continue
            mine = int(source.counts(knots.count(a))[owner])
            start = -(-mine // period) * period if starts else 0
            if starts and start == starts[-1]:
                weights[-1] = shares
            else:
                starts.append(start)
                weights.append(shares)
        peaks.append(peak)
    if not starts:
        starts, weights = [0], [makeable.astype(int).tolist()]
    return LabelStages(starts, weights, peaks, makeable)


def _round_to_sum(shares: FloatArray, total: int) -> list[int]:
    """Round shares to whole parts of `total` by largest remainder."""
    exact = shares * total
    parts = np.floor(exact).astype(np.int64)
    missing = total - int(parts.sum())
    parts[np.argsort(parts - exact, kind="stable")[:missing]] += 1
    return [int(p) for p in parts]
