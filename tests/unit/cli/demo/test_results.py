from __future__ import annotations

import pytest

from lightning_synthaug.cli.demo.results import (
    MAX_SEEDS,
    Interval,
    Run,
    compare,
    interval,
    tabulate,
)


def runs(arm: str, accuracies: list[float], *, size: int = 5, seconds: float = 1.0) -> list[Run]:
    return [Run(size, arm, seed, value, seconds) for seed, value in enumerate(accuracies)]


def test_the_interval_is_students() -> None:
    mean, low, high = interval([0.1, 0.2, 0.3, 0.4, 0.5])
    assert mean == pytest.approx(0.3)
    # 2.776 * sqrt(0.025) / sqrt(5)
    assert [high - mean, mean - low] == pytest.approx([0.1963] * 2, abs=1e-4)


@pytest.mark.parametrize("count", [2, 5, 17, MAX_SEEDS])
def test_the_quantiles_are_the_distributions(count: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    values = [float(i) for i in range(count)]
    low, high = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert interval(values)[1:] == pytest.approx((low, high), abs=5e-3)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.1, 0.3, "better"),
        (-0.3, -0.1, "worse"),
        (-0.1, 0.3, "unclear"),
        (0.0, 0.3, "unclear"),
        (-0.3, 0.0, "unclear"),
    ],
)
def test_the_verdict_is_clear_only_away_from_zero(low: float, high: float, verdict: str) -> None:
    assert Interval((low + high) / 2, low, high).verdict == verdict


def test_comparisons_are_paired() -> None:
    # The seeds differ much, the arms by exactly 0.01: unpaired, nothing would show.
    both = runs("a", [0.5, 0.7, 0.9]) + runs("b", [0.51, 0.71, 0.91])[::-1]
    difference = compare(both, 5, "b", "a")
    assert difference == pytest.approx((0.01, 0.01, 0.01))
    assert difference.verdict == "better"


def test_the_table_goes_by_size_then_arm() -> None:
    small = runs("a", [0.5, 0.6]) + runs("b", [0.6, 0.8], seconds=3.0)
    large = runs("a", [0.8, 0.8], size=20) + runs("b", [0.7, 0.7], size=20)
    rows = tabulate([*small[::2], *large, *small[1::2]], "a")
    assert [(row.size, row.arm) for row in rows] == [(5, "a"), (5, "b"), (20, "a"), (20, "b")]
    assert [row.difference is None for row in rows] == [True, False, True, False]
    assert rows[1].accuracy.mean == pytest.approx(0.7)
    assert rows[1].difference is not None
    assert rows[1].difference.mean == pytest.approx(0.15)
    assert rows[1].seconds == 3.0
    assert rows[3].difference is not None
    assert rows[3].difference.verdict == "worse"
