from __future__ import annotations

from typing import Any

import pytest

import lightning_synthaug as sa
from lightning_synthaug.errors import DataError, PlanError, ResumeMismatch
from lightning_synthaug.mixing import (
    BatchCourse,
    BatchOrder,
    CountedProgress,
    Mixture,
    Recipe,
)
from lightning_synthaug.plan import BatchPlan
from tests.helpers.traced import traced_dataset

DATA = traced_dataset(20)
SOURCE = traced_dataset(9, source=1)
ORDER = BatchOrder([[0, 1, 2], [3], [4, 5], [6, 7, 8, 9]], 20)


class Within(CountedProgress):
    """A clock that says whether a pass goes on."""

    def __init__(self, within: bool = False) -> None:
        super().__init__(8)
        self.inside = within

    def within(self, epoch_batches: int) -> bool:
        return self.inside


def mixture(ratio: Any = 0.5, **options: Any) -> Mixture:
    return Mixture(Recipe(source=SOURCE, ratio=ratio, **options), DATA)


def course(on_mismatch: str = "error", told: list[str] | None = None) -> BatchCourse:
    return BatchCourse(on_mismatch, tell=None if told is None else told.append)


def plan(
    c: BatchCourse,
    m: Mixture,
    start: int,
    *,
    within: bool = False,
    world: int = 1,
    order: Any = ORDER,
) -> BatchPlan:
    return c.plan(m, order, start=start, world=world, length=None, progress=Within(within))


def place(p: BatchPlan) -> tuple[int, int, int, int]:
    rows, taken = p.place(p.batch)
    return p.batch, rows, p.given.number, taken


def test_passes_follow_one_another() -> None:
    c, m = course(), mixture()
    first = plan(c, m, 0)
    assert (place(first), first.stop) == ((0, 0, 0, 0), 4)
    assert plan(c, m, 0) is first  # begun again
    assert place(plan(c, m, 4)) == (4, 10, 1, 0)
    cut = plan(c, m, 6)
    assert place(cut) == (6, 14, 2, 0)  # a cut pass is over
    assert place(plan(c, m, 8, within=True)) == (8, 18, 2, 2)  # unless the clock says otherwise


def test_a_checkpoint_sets_the_position_in_its_pass() -> None:
    c, m = course(), mixture(sa.Linear(0, 1, over="50%"))
    assert c.state(0) == {}
    plan(c, m, 0)
    plan(c, m, 2)
    saved = c.state(5)
    assert saved["batch_sampler"] == {
        "batches": 5, "rows": 4 + 6, "pass": 1, "taken": 3, "pass_rows": 10, "pass_batches": 4,
    }  # fmt: skip
    for within, at in ((True, (5, 10, 1, 3)), (False, (5, 10, 2, 0))):
        again = course()
        again.restore(saved)
        assert again.state(0) == saved
        resumed = plan(again, m, 5, within=within)
        assert place(resumed) == at
        assert plan(again, m, 5) is resumed
    whole = course()
    whole.restore(c.state(6))
    assert place(plan(whole, m, 6, within=True)) == (6, 14, 2, 0)  # nothing of it was left


def test_other_ranks_go_on_with_the_pass() -> None:
    c, m = course(), mixture()
    plan(c, m, 0)
    c2 = course()
    c2.restore(c.state(2))
    two = plan(c2, m, 2, within=True, world=2)
    assert (place(two), two.stop, two.slot(3)) == ((2, 4, 0, 2), 3, 10)
    with pytest.raises(
        DataError, match=r"at least one batch for each rank, got 4 .* 5 ranks.*SA650"
    ):
        plan(course(), m, 0, world=5)


def test_the_last_batch_of_a_pass_may_be_trained_on_when_the_next_begins() -> None:
    c, m = course(), mixture()
    plan(c, m, 0)
    plan(c, m, 4)
    place_of = c.state(3)["batch_sampler"]
    assert (place_of["rows"], place_of["pass"], place_of["taken"]) == (6, 0, 3)


def test_another_batch_sampler_begins_a_pass_of_its_own() -> None:
    c, m = course(), mixture()
    plan(c, m, 0)
    other = BatchOrder([[0]] * 9, 20)
    assert place(plan(c, m, 4, within=True, order=other)) == (4, 10, 1, 0)


def test_a_run_without_a_position_is_estimated() -> None:
    assert place(plan(course(), mixture(), 6, within=True)) == (6, 15, 1, 2)
    assert place(plan(course(), mixture(), 6)) == (6, 15, 2, 0)
    c, m = course(), mixture()
    plan(c, m, 8)
    assert place(plan(c, m, 4)) == (4, 10, 1, 0)  # the clock was put back


def test_times_go_by_the_first_pass() -> None:
    p = plan(course(), mixture(sa.Linear(0, 1, over="2ep")), 0)
    assert p.knots.ratio(20) == pytest.approx(1.0)
    assert p.knots.ratio(10) == pytest.approx(0.5, abs=0.01)
    p = plan(course(), mixture(sa.Linear(0, 1, over="100%")), 0)  # eight batches
    assert p.knots.ratio(10) == pytest.approx(0.5, abs=0.01)


def test_the_beginning_says_how_often_samples_are_seen() -> None:
    told: list[str] = []
    c, m = course(told=told), mixture()
    plan(c, m, 0)
    plan(c, m, 4)
    (line,) = told
    assert line.startswith("in 8 batches, 10 of 20 rows are synthetic; each of the 20 real samples")


def test_another_stream_is_told_apart() -> None:
    c = course()
    plan(c, mixture(), 0)
    saved, told = c.state(2), []
    other = BatchOrder([[0, 1, 2], [3], [5, 4], [6]], 20)
    for m, order, name in (
        (mixture(seed=3), ORDER, "seed"),
        (mixture(), other, "batches"),
        (Mixture(Recipe(source=SOURCE, ratio=0.5), traced_dataset(21)), ORDER, "samples"),
    ):
        again = course()
        again.restore(saved)
        with pytest.raises(ResumeMismatch, match=rf"(?s){name}\n +checkpoint: .*SA116"):
            plan(again, m, 2, within=True, order=order)
        assert again.state(9) == saved
    rescaled = course("rescale", told)
    rescaled.restore(saved)
    assert place(plan(rescaled, mixture(), 2, within=True, order=other)) == (2, 4, 1, 0)
    kept, m = course("keep", told), mixture(0.25, seed=3)
    kept.restore(saved)
    p = plan(kept, m, 2, within=True)
    assert (p.knots.ratio(0), p.plan.seed, place(p)) == (0.5, 0, (2, 4, 0, 2))
    assert ["ends at row 4" in told[0], "is kept" in told[2]] == [True, True]


@pytest.mark.parametrize(
    "state", [{"x": 1}, {"fingerprint": {}, "batch_sampler": {"batches": -1, "rows": 0}}]
)
def test_a_damaged_state_is_refused(state: dict[str, Any]) -> None:
    c = course()
    c.restore(state)
    with pytest.raises(PlanError, match="SA110"):
        plan(c, mixture(), 0)
