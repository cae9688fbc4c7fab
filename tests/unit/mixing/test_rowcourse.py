from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from lightning_synthaug.errors import PlanError, ResumeMismatch
from lightning_synthaug.mixing import Mixture, Recipe
from lightning_synthaug.mixing.rowcourse import RowClock, RowCourse
from lightning_synthaug.plan import Plan, SourceChange
from tests.helpers.traced import traced_dataset

DATA = traced_dataset(12)


class Course(RowCourse):
    """A course whose position is what it was told."""

    at: int | None = None

    def plan(self, ratio: float = 0.5, **options: Any) -> Plan:
        recipe = Recipe(source=DATA, ratio=ratio, **options)
        self.mixture = Mixture(recipe, DATA)
        return self._planned(self.mixture, lambda: RowClock(8, None, None))

    def _place_at(self, done: int) -> dict[str, Any] | None:
        return {"at": done}

    def _take(self, restored: Mapping[str, Any]) -> str | None:
        self.at = restored.get("at")
        return None if self.at is None else f"place {self.at}"

    def _told(self, fingerprint: dict[str, Any]) -> dict[str, Any]:
        return {k: fingerprint[k] for k in ("seed", "generation_seed", "ratio")}


def saved() -> dict[str, Any]:
    course = Course("error", tell=None)
    assert not course.begun
    assert course.state(0) == {}
    course.plan()
    assert course.begun
    return course.state(3)


def resumed(on_mismatch: str, told: list[str] | None = None) -> Course:
    course = Course(on_mismatch, tell=None if told is None else told.append)
    course.restore(saved())
    return course


def test_times_become_rows_of_batches_that_vary() -> None:
    clock = RowClock(10, 8, 4, batches=4)
    assert [clock.slot_of_batch(n) for n in (0, 1, 2, 4)] == [0, 2, 5, 10]
    assert (clock.total_slots, clock.epoch_slots) == (20, 10)
    clock = RowClock(8, None, None)
    assert clock.total_slots is None
    with pytest.raises(PlanError, match=r"length of an epoch must be known.*SA646"):
        _ = clock.epoch_slots


def test_a_checkpoint_holds_position_fingerprint_and_schedule() -> None:
    state = saved()
    assert sorted(state) == ["at", "fingerprint", "schedule"]
    assert sorted(state["fingerprint"]) == ["generation_seed", "ratio", "seed"]
    course = resumed("error")
    course.plan()
    assert (course.at, course.state(5)["at"]) == (3, 5)


def test_another_stream_is_refused_and_the_checkpoint_kept() -> None:
    course = resumed("error")
    with pytest.raises(ResumeMismatch, match=r"(?s)ratio\n.*SA116"):
        course.plan(0.25)
    assert course.state(9) == saved()
    assert not course.begun


def test_another_stream_begins_or_is_taken_over() -> None:
    told: list[str] = []
    assert resumed("rescale", told).plan(0.25).knots.ratio(0) == 0.25
    assert resumed("keep", told).plan(0.25, seed=3).knots.ratio(0) == 0.5
    assert ["ends at place 3: another ratio" in told[0], "is kept" in told[1]] == [True, True]


def test_what_this_package_does_not_write_is_refused() -> None:
    for state in ({"fingerprint": {}}, {"at": 3}):
        course = Course("error", tell=None)
        course.restore(state)
        with pytest.raises(PlanError, match="SA110"):
            course.plan()


def test_what_happened_to_a_source_is_kept() -> None:
    course = Course("error", tell=None)
    first = course.plan()
    course.record(SourceChange(3, 12, 0, 0.5))
    changed = course.plan()
    assert changed is not first
    assert changed.changes.sources == {0}
    again = Course("error", tell=None)
    again.restore(course.state(3))
    assert again.plan().history == changed.history
    damaged = Course("error", tell=None)
    damaged.restore(course.state(3) | {"history": [["source", 3]]})
    with pytest.raises(PlanError, match="SA110"):
        damaged.plan()


def test_another_generator_gets_the_whole_share_again() -> None:
    class Naming(Course):
        def _told(self, fingerprint: dict[str, Any]) -> dict[str, Any]:
            return {"generators": fingerprint["generators"]}

    course = Naming("error", tell=None)
    course.plan()
    course.record(SourceChange(3, 12, 0, 0.0))
    course.plan()
    again = Naming("rescale", tell=None)
    again.restore(course.state(3) | {"fingerprint": {"generators": "others"}})
    assert not again.plan().changes.sources
