"""The course apart from a loader; with one, see the integration tests on resuming."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lightning_synthaug.errors import PlanError, ResumeMismatch
from lightning_synthaug.mixing import Course, Mixture, Recipe
from lightning_synthaug.plan import Epoch, Linear, Plan, SourceChange
from tests.helpers.traced import Tracer, traced_dataset

SIZE = 45


def plan(course: Course, *, start: int = 0, epoch: Epoch | None = None, **options: Any) -> Plan:
    recipe = Recipe(**({"source": Tracer(), "ratio": Linear(0.0, 0.5), "cache": "x"} | options))
    epoch = epoch or Epoch(SIZE, 8)
    mixture = Mixture(recipe, traced_dataset(epoch.samples))
    return course.plan(
        mixture, epoch, start=start, total_batches=3 * epoch.batches, shuffle=True, order=None
    )


def restored(course: Course, on_mismatch: str = "error") -> Course:
    """Through a file, as checkpoints go."""
    other = Course(on_mismatch, tell=None)
    other.restore(json.loads(json.dumps(course.state())))
    return other


def test_the_state_is_the_checkpoints_until_a_plan_is_made() -> None:
    course = Course("error", tell=None)
    assert course.state() == {}
    course.restore({"fingerprint": {"seed": 0}})
    assert course.state() == {"fingerprint": {"seed": 0}}


def test_a_run_says_once_what_it_will_do() -> None:
    told: list[str] = []
    course = Course("error", tell=told.append)
    first = plan(course)
    assert plan(course).slots(0, 90).matrix().tolist() == first.slots(0, 90).matrix().tolist()
    assert len(told) == 1
    assert "without SynthAug 3 times" in told[0]


def test_equal_configurations_go_on() -> None:
    course = Course("error", tell=None)
    first = plan(course)
    again = plan(restored(course), start=7)
    assert again.slots(60, 135).matrix().tolist() == first.slots(60, 135).matrix().tolist()


def test_shapes_of_the_future_are_forgotten_when_a_run_goes_back() -> None:
    course = Course("error", tell=None)
    plan(course)
    plan(course, start=6, epoch=Epoch(29, 8))
    assert [row[1] for row in course.state()["history"]] == [6]
    plan(course, start=2)
    assert course.state()["history"] == []


def test_reshaped_runs_go_on_after_a_checkpoint() -> None:
    course = Course("error", tell=None)
    plan(course)
    shaped = plan(course, start=6, epoch=Epoch(29, 8))
    again = plan(restored(course), start=9, epoch=Epoch(29, 8))
    assert again.slots(75, 100).matrix().tolist() == shaped.slots(75, 100).matrix().tolist()


@pytest.mark.parametrize(
    "damage",
    [
        {"first": [45, 8]},
        {"first": None},
        {"total": "many"},
        {"fingerprint": 3},
        {"history": [["ratio", "soon", 0.5]]},
        {"first": [45, 7, 2, False, 0]},
    ],
)
def test_a_damaged_state_is_refused(damage: dict[str, Any]) -> None:
    course = Course("error", tell=None)
    plan(course)
    other = Course("error", tell=None)
    other.restore(course.state() | damage)
    with pytest.raises(PlanError, match="SA110"):
        plan(other, start=6)


@pytest.mark.parametrize("schedule", [None, [[0, 0, 1]], [[1, 0, 0, 0, 1]], [[0, 0, -5, 0, 1]]])
def test_a_damaged_schedule_is_not_kept(schedule: Any) -> None:
    course = Course("error", tell=None)
    plan(course)
    other = Course("keep", tell=None)
    other.restore(course.state() | {"schedule": schedule})
    with pytest.raises(PlanError, match="SA110"):
        plan(other, start=6, ratio=0.1)


def test_a_refused_checkpoint_stays_the_one_to_be_saved() -> None:
    course = Course("error", tell=None)
    plan(course)
    other = restored(course)
    with pytest.raises(
        ResumeMismatch, match=r"(?s)seed.*checkpoint:    0.*configuration: 4.*SA116"
    ):
        plan(other, start=6, seed=4)
    assert other.state() == json.loads(json.dumps(course.state()))


def test_a_source_that_has_collapsed_stays_so_after_a_checkpoint() -> None:
    course = Course("error", tell=None)
    first = plan(course)
    assert not course.changed
    course.record(SourceChange(6, first.knots.count(first.slot(6)), 0, 0.0))
    changed = plan(course, start=6)
    assert course.changed
    assert (changed.slots(60, 135).index[changed.slots(60, 135).source == 1] == -1).all()
    other = restored(course)
    assert other.changed
    again = plan(other, start=7)
    assert again.slots(60, 135).matrix().tolist() == changed.slots(60, 135).matrix().tolist()
    plan(course, start=2)  # before it was known
    assert not course.changed
