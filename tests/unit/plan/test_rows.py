from __future__ import annotations

import numpy as np
import pytest

from lightning_synthaug.errors import PlanError
from lightning_synthaug.plan import Breakpoint, Epoch, Knots
from lightning_synthaug.plan.rows import Rows, check_extra, rows_with_extra, rows_within

QUARTER = Knots([Breakpoint(0, 0.25, 0.25)])
RAMP = Knots([Breakpoint(0, 0.0, 0.1), Breakpoint(100, 0.2, 0.2)])


def partition(rows: Rows) -> list[int]:
    return sorted(np.concatenate([rows.real, rows.synthetic, rows.again]).tolist())


def test_synthetic_rows_take_the_place_of_real_ones() -> None:
    rows = rows_within(QUARTER, 8, 20, 32)
    assert partition(rows) == list(range(12))
    assert rows.synthetic.tolist() == [3, 7, 11]
    assert rows.number.tolist() == [5, 6, 7]
    assert rows.first_real == 12 - 3
    assert rows.again.size == 0


@pytest.mark.parametrize("begin", [0, 30])
def test_added_rows_are_synthetic_or_real_ones_again(begin: int) -> None:
    epoch = Epoch(10, 4, extra=2)  # batches of 6, 6 and 4 rows
    rows = rows_with_extra(RAMP, epoch, begin, 0, 30)
    sizes = np.array([6, 6, 4] * 10)
    ends = np.cumsum(sizes)
    assert partition(rows) == list(range(ends[-1]))
    assert rows.number.tolist() == list(range(RAMP.count(begin), RAMP.count(begin + ends[-1])))
    before = 0
    for i, (start, end) in enumerate(zip(ends - sizes, ends, strict=True)):
        own, made, again = (
            int(((part >= start) & (part < end)).sum())
            for part in (rows.real, rows.synthetic, rows.again)
        )
        assert own == sizes[i] - 2
        assert made + again == 2
        part = rows_with_extra(RAMP, epoch, begin, i, i + 1)
        assert (part.first_real, part.first_again) == (10 * (i // 3) + min(4 * (i % 3), 10), before)
        before += again


def test_a_ratio_that_fits_is_taken() -> None:
    check_extra(QUARTER, Epoch(90, 6, extra=2), 0, 1)
    check_extra(
        RAMP, Epoch(90, 36, extra=4), 0, 50
    )  # what comes later is checked with its own shape
    check_extra(Knots([Breakpoint(0, 1.0, 1.0)]), Epoch(90, 6), 0, 10**6)


@pytest.mark.parametrize(("knots", "stop"), [(QUARTER, 1), (RAMP, 101)])
def test_a_ratio_above_what_fits_is_refused(knots: Knots, stop: int) -> None:
    match = r"`ratio` must not exceed what the added slots can hold, got 0\.2.*at most 4/40 = 0\.1.*SA118"
    with pytest.raises(PlanError, match=match):
        check_extra(knots, Epoch(90, 36, extra=4), 0, stop)
