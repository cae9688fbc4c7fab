from __future__ import annotations

import copy
import json
from typing import Any

import numpy as np
import pytest

from lightning_synthaug.plan import (
    Breakpoint,
    Epoch,
    Knots,
    Plan,
    RatioChange,
    Reshape,
    SourceSpec,
    plan_from_state,
    plan_to_state,
)
from tests.laws.strategies import FewSamples

LABELS = np.arange(20) % 3


def plan(**options: Any) -> Plan:
    knots = Knots([Breakpoint(0, 0.1, 0.3), Breakpoint(40, 0.5, 0.5)])
    sources = [
        SourceSpec("gan", 3, pool=7, reuse=2, labels=frozenset({0, 2})),
        SourceSpec("folder", 1, items=np.array([0, 1, 1])),
    ]
    options = {"seed": 5, "generation_seed": 9, "labels": LABELS} | options
    return Plan(Epoch(20, 6), knots, sources, **options)


def told(made: Plan) -> Any:
    return json.loads(json.dumps(plan_to_state(made)))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"balance": "uniform"},
        {"balance": {0: 1, 1: 2.5}},
        {"labels": None},
        {"shuffle": False},
        {"history": [RatioChange(3, 0.9), Reshape(6, Epoch(20, 10, 2))]},
    ],
)
def test_a_plan_comes_back(options: dict[str, Any]) -> None:
    made = plan(**options)
    again = plan_from_state(told(made))
    assert again is not None
    for number in range(12):
        assert np.array_equal(again.batch(number).matrix(), made.batch(number).matrix())
    assert again.scheduled.key() == made.scheduled.key()


def test_what_only_the_user_has_is_not_written() -> None:
    assert plan_to_state(plan(order=FewSamples(np.arange(20), 8), labels=None)) is None


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    inner = list(enumerate(value)) if isinstance(value, list) else []
    for key, below in value.items() if isinstance(value, dict) else inner:
        found += places(below, (*path, key))
    return found


STATE = told(plan(history=[RatioChange(3, 0.9)], balance={0: 1, 1: 2}))


@pytest.mark.parametrize("value", [None, "x", -1, 10**30, 1.5, [], {}, [[]], float("nan")])
@pytest.mark.parametrize("path", places(STATE), ids=str)
def test_nothing_of_it_is_believed(path: tuple[Any, ...], value: Any) -> None:
    state = copy.deepcopy(STATE)
    owner = state
    for key in path[:-1]:
        owner = owner[key]
    owner[path[-1]] = value
    again = plan_from_state(state)
    if again is not None:  # some other plan, then, that can be asked as any
        assert len(again.batch(0)) <= 1 << 24


@pytest.mark.parametrize("state", [None, [], "x", {}, {"plan_version": 0}])
def test_something_else_is_no_plan(state: object) -> None:
    assert plan_from_state(state) is None


def test_sizes_are_bounded() -> None:
    large = told(plan(labels=None))
    for epoch in ([1 << 40, 6, 1, False, 0], [20, 1 << 40, 1, False, 0]):
        assert plan_from_state({**large, "epoch": epoch}) is None
    for change in (
        {"pool": 1 << 40},
        {"weight": 1 << 40},
        {"labels": ["a"]},
        {"items": ["u1", 0, ""]},
    ):
        first, second = large["sources"]
        assert plan_from_state({**large, "sources": [{**first, **change}, second]}) is None
