from __future__ import annotations

import numpy as np
import pytest

from lightning_synthaug.plan import Breakpoint, Epoch, Knots
from lightning_synthaug.plan.stretches import Stretch, bounds_of, ratio_pieces

RAMP = Knots([Breakpoint(0, 0.0, 0.25), Breakpoint(1000, 0.5, 0.5)])


def test_pieces_cover_the_course_and_the_ratio_hardly_moves_in_one() -> None:
    pieces = list(ratio_pieces(RAMP, 130))
    assert pieces[0][0] == 130
    assert [b for _, b in pieces[:-1]] == [a for a, _ in pieces[1:]]
    assert pieces[-1] == (1000, None)
    assert all(RAMP.ratio(b - 1) - RAMP.ratio(a) < 1 / 60 for a, b in pieces[:-1] if b)
    assert list(ratio_pieces(RAMP, 5000)) == [(5000, None)]


def test_no_batch_holds_more_than_the_bounds() -> None:
    epoch = Epoch(64, 32)
    bounds = list(bounds_of([Stretch(0, RAMP, epoch)], 64))
    counts = RAMP.counts(0, 2000)
    for here, following in zip(bounds, [*bounds[1:], None], strict=True):
        end = following.slot if following else 1900
        for start in range(max(0, here.slot - 31), end):
            synthetic = int(counts[start + 32] - counts[start])
            assert 32 - synthetic <= here.real
            assert synthetic <= here.synthetic
    assert bounds[0].real == 32
    assert bounds[-1].real == 17  # a batch that the ramp ends in


def test_long_passes_need_one_bound_a_stretch() -> None:
    stretches = [Stretch(0, RAMP, Epoch(640, 32)), Stretch(320, RAMP, Epoch(640, 16, extra=4))]
    assert [(b.slot, b.real, b.synthetic) for b in bounds_of(stretches, 640)] == [
        (0, 32, 32),
        (320, 20, 20),
    ]


@pytest.mark.parametrize("event", [0, 100, 499, 2000])
def test_what_is_said_before_an_event_does_not_hang_on_it(event: int) -> None:
    epoch = Epoch(40, 20)
    plain = list(bounds_of([Stretch(0, RAMP, epoch)], 40))
    changed = Stretch(event, RAMP.changed(event, 0.75), epoch)
    bounds = list(bounds_of([Stretch(0, RAMP, epoch), changed], 40))
    before = [b for b in bounds if b.slot < event and not b.stretch]
    assert before == [b for b in plain if b.slot < event]
    assert {(b.real, b.synthetic) for b in bounds if b.stretch} == {(5, 15)}


def test_a_short_batch_of_all_samples_counts_as_it_is() -> None:
    assert Stretch(0, RAMP, Epoch(10, 64)).batch == 10
    assert np.isclose(RAMP.extremes(100, 2000)[0], 0.05, atol=1e-3)
