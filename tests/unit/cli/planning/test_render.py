from __future__ import annotations

import pytest

from lightning_synthaug.cli.planning import composition
from lightning_synthaug.cli.planning.composition import Preview
from lightning_synthaug.cli.planning.render import render_header, render_step, render_summary
from lightning_synthaug.plan import Constant, Linear, Schedule, Steps


def preview(world: int = 1) -> Preview:
    return Preview(
        1000, Constant(0.5), batch_size=4, world=world, epochs=4, weights={"a": 3, "b": 1}, seed=1
    )


def test_the_header_says_what_run_it_is() -> None:
    assert render_header(preview(world=2)).splitlines() == [
        "1,000 real samples, batch 8 (2 x 4), 125 batches an epoch, 500 in all, seed 1",
        "ratio: Constant(value=0.5)",
    ]


def test_one_of_a_thing_is_not_called_several() -> None:
    run = Preview(1, Constant(0.5), batch_size=4, batches=1)
    assert render_header(run).startswith("1 real sample, batch 4, 1 batch an epoch, 1 in all")


@pytest.mark.parametrize(
    ("schedule", "late"),
    [
        (Linear(0.0, 0.5, begin="10ep", over="5ep"), 15000),
        (Linear(0.0, 0.5, begin="50%", over="50%"), None),
        (Steps([("0%", 0.1), ("5ep", 0.5)]), 5000),
        (Linear(0.0, 0.5), None),
        (Steps([("0%", 0.1), ("50%", 0.5)]), None),
        (Constant(0.5), None),
    ],
)
def test_a_schedule_that_outlasts_the_run_is_said(schedule: Schedule, late: int | None) -> None:
    run = Preview(1000, schedule, batch_size=4, epochs=4)
    assert run.unreached == late
    said = (
        f"ends after 4,000 rows, before its schedule has run its course at row {late:,}."
        if late
        else None
    )
    assert (said in render_header(run)) if said else (len(render_header(run).splitlines()) == 2)


def test_the_summary_has_a_line_a_tenth_and_the_sum() -> None:
    lines = render_summary(preview()).splitlines()
    assert lines[0].split() == ["steps", "rows", "ratio", "synthetic", "share", "a", "b"]
    assert lines[1].split() == ["0", "to", "99", "400", "0.500", "200", "50.00%", "150", "50"]
    assert lines[11].split() == ["all", "4,000", "0.500", "2,000", "50.00%", "1,500", "500"]
    assert lines[-2] == "a: 1,000 distinct samples for 1,500 rows"
    assert len({len(line) for line in lines[:12]}) == 1


def test_the_summary_says_that_a_long_run_was_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composition, "COUNTED_SLOTS", 10)
    assert "not counted" in render_summary(preview())


def test_a_step_shows_each_rank_and_on_request_its_rows() -> None:
    run = preview(world=2)
    view = run.step(130)
    text = render_step(run, view, rank=None)
    assert text.startswith("step 130 (epoch 1, batch 5 of 125, from 0): slots 1,040 to 1,047")
    assert [line.split()[:3] for line in text.splitlines()[2:]] == [
        ["0", "4", "2"],
        ["1", "4", "2"],
        ["all", "8", "4"],
    ]
    rows = render_step(run, view, rank=1).split("rows of rank 1:\n")[1].splitlines()[1:]
    mine = view.planned.where(run.rows(view.planned, 1))
    names = ["real", "a", "b"]
    assert [line.split()[2] for line in rows] == [names[s] for s in mine.source.tolist()]
    assert [line.split()[3] for line in rows] == [f"{i:,}" for i in mine.index.tolist()]


def test_one_rank_needs_no_sum() -> None:
    run = preview()
    assert len(render_step(run, run.step(0), rank=None).splitlines()) == 3
