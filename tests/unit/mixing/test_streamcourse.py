from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lightning_synthaug as sa
from lightning_synthaug.errors import PlanError, ResumeMismatch
from lightning_synthaug.mixing import Mixture, Recipe, StreamCourse
from lightning_synthaug.mixing.displaced import DisplacedRows
from lightning_synthaug.mixing.rowcourse import RowClock
from tests.helpers.traced import traced_dataset

SOURCE = traced_dataset(9, source=1)


def mixture(ratio: Any = 0.5, **options: Any) -> Mixture:
    recipe = Recipe(source=SOURCE, ratio=ratio, **options)
    return Mixture(recipe, DisplacedRows(np.empty(0, np.int64), 10))


def course(on_mismatch: str = "error", told: list[str] | None = None) -> StreamCourse:
    return StreamCourse(on_mismatch, tell=None if told is None else told.append)


def test_times_become_rows() -> None:
    clock = RowClock(8, total=10, length=4)
    assert (clock.total_slots, clock.epoch_slots, clock.slot_of_batch(3)) == (80, 32, 24)
    clock = RowClock(8, total=None, length=None)
    assert clock.total_slots is None
    with pytest.raises(PlanError, match=r"length of an epoch must be known.*SA646"):
        _ = clock.epoch_slots


def test_the_plan_is_the_same_object_until_something_changes() -> None:
    c, m = course(), mixture(sa.Linear(0, 1, over="50%"))
    plan = c.plan(m, rows=8, total=10, length=None)
    assert c.plan(m, rows=5, total=10, length=None) is plan  # the first batch sets the scale
    assert plan.knots.ratio(40) == pytest.approx(1.0)
    assert c.plan(m, rows=8, total=20, length=None).knots.ratio(40) == pytest.approx(0.5)


def test_positions_are_those_seen_and_estimated_elsewhere() -> None:
    c = course()
    assert c.state(0) == {}
    assert not c.begun
    c.plan(mixture(), rows=8, total=None, length=None)
    assert c.begun
    c.passed(0, 8)
    c.passed(1, 11)
    assert [c.position(n) for n in range(4)] == [0, 8, 11, 24]
    assert c.state(2)["stream"] == {"batches": 2, "rows": 11, "batch_rows": 8}
    for n in range(2, 400):
        c.passed(n, 11 + n)
    assert c.position(400) == 410


def test_a_checkpoint_sets_the_position() -> None:
    first = course()
    first.plan(mixture(), rows=8, total=None, length=None)
    first.passed(4, 33)
    saved = first.state(5)
    second = course()
    second.restore(saved)
    assert second.state(0) == saved  # until a plan is made, it is the checkpoint's
    second.plan(mixture(), rows=3, total=None, length=None)
    assert (second.position(5), second.position(6)) == (33, 41)


def test_another_stream_is_told_apart() -> None:
    first = course()
    first.plan(mixture(), rows=8, total=None, length=None)
    saved = first.state(5)
    other = course()
    other.restore(saved)
    with pytest.raises(ResumeMismatch, match=r"(?s)seed\n +checkpoint: +0\n.*SA116"):
        other.plan(mixture(seed=3), rows=8, total=None, length=None)
    assert other.state(9) == saved
    told: list[str] = []
    rescaled = course("rescale", told)
    rescaled.restore(saved)
    assert rescaled.plan(mixture(0.25), rows=8, total=None, length=None).knots.ratio(0) == 0.25
    kept, m = course("keep", told), mixture(0.25, seed=3)
    kept.restore(saved)
    plan = kept.plan(m, rows=8, total=None, length=None)
    assert (plan.knots.ratio(0), plan.seed) == (0.5, 0)
    assert kept.plan(m, rows=8, total=None, length=None) is plan
    assert ["ends at row 40" in told[0], "is kept" in told[1]] == [True, True]


@pytest.mark.parametrize(
    "state", [{"x": 1}, {"fingerprint": {}, "stream": {"batches": -1, "rows": 0, "batch_rows": 1}}]
)
def test_a_damaged_state_is_refused(state: dict[str, Any]) -> None:
    c = course()
    c.restore(state)
    with pytest.raises(PlanError, match="SA110"):
        c.plan(mixture(), rows=8, total=None, length=None)
