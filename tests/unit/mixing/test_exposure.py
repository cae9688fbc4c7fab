from __future__ import annotations

from lightning_synthaug.mixing.exposure import exposure_text
from lightning_synthaug.plan import Breakpoint, Epoch, Knots, Plan, SourceSpec


def text(epoch: Epoch, ratio: float, batches: int) -> str:
    plan = Plan(epoch, Knots([Breakpoint(0, ratio, ratio)]), [SourceSpec("s")], seed=1)
    return exposure_text(plan, 0, batches)


def test_displaced_samples_are_seen_less_often() -> None:
    assert text(Epoch(100, 10), 0.25, 40) == (
        "in 40 batches, 100 of 400 rows are synthetic; each of the 100 real samples is seen 3 times on average, "
        "without SynthAug 4 times"
    )


def test_rows_on_top_displace_nothing() -> None:
    said = text(Epoch(100, 10, extra=6), 0.25, 40)
    assert "160 of 640 rows are synthetic" in said
    assert "seen 4 times on average, without SynthAug 4 times" in said
    assert said.endswith(", and 0.8 times once more, transformed, in the rows added")
