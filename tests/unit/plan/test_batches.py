from __future__ import annotations

from typing import Any

import numpy as np

from lightning_synthaug.plan import BatchPass, BatchPlan, Breakpoint, Epoch, Knots, Plan, SourceSpec

LABELS = np.array([0, 1, 0, 1, 0, 0])
GIVEN = BatchPass(0, np.array([5, 3, 1, 0, 2, 4]), np.array([2, 5, 6]))


def plan_of(ratio: float = 1.0, *, labels: Any = LABELS, makeable: Any = None, **spec: Any) -> Plan:
    can = None if makeable is None else frozenset(makeable)
    source = SourceSpec(**({"name": "gan", "labels": can} | spec))
    knots = Knots([Breakpoint(0, ratio, ratio)])
    return Plan(Epoch(6, 64), knots, [source], seed=1, labels=labels, shuffle=False)


def pass_of(number: int, plan: Plan, slot: int = 0) -> Any:
    given = BatchPass(number, GIVEN.indices, GIVEN.ends)
    planned = BatchPlan(plan, given, batch=0, slot=slot).slots(slot, slot + 6)
    return planned.index.tolist(), planned.version.tolist()


def test_positions_follow_the_batches() -> None:
    plan = BatchPlan(plan_of(), GIVEN, batch=7, slot=100)
    assert (plan.stop, plan.bounds(7, 10), plan.slot(9)) == (10, [100, 102, 105, 106], 105)
    assert plan.place(9) == (105, 2)
    assert plan.block_batches(8) == (7, 10)
    assert plan.block(8) is plan.block(7)
    assert plan.distinct(0) is None
    two = BatchPlan(plan_of(), GIVEN, batch=7, slot=100, world=2)
    assert (two.stop, two.bounds(7, 8)) == (8, [100, 105])  # the third batch has no partner
    assert [two.share(7, rank) for rank in range(2)] == [(0, 2), (2, 5)]


def test_large_passes_are_planned_in_blocks_of_whole_batches() -> None:
    ends = np.cumsum([20000, 1, 16000, 500])
    given = BatchPass(0, np.zeros(ends[-1], np.int64), ends)
    plan = BatchPlan(plan_of(0.0), given, batch=0, slot=50)
    assert [plan.block_batches(n, 16384) for n in range(4)] == [(0, 1), (1, 3), (1, 3), (3, 4)]
    assert len(plan.block(2, 16384)) == 16001
    assert [plan.block_batches(n, 1) for n in range(4)] == [(n, n + 1) for n in range(4)]


def test_a_sample_of_the_pool_belongs_to_the_one_displaced() -> None:
    # Serial numbers within the label: 0, 2, 4 and 5 have label 0, 1 and 3 label 1.
    plan = plan_of()
    assert pass_of(0, plan)[0] == [3, 1, 0, 0, 1, 2]
    assert pass_of(5, plan) == pass_of(0, plan)  # a pool of one sample for each real one


def test_a_larger_pool_is_gone_through_pass_after_pass() -> None:
    plan = plan_of(pool=12)
    assert [pass_of(n, plan)[1] for n in range(3)] == [[0] * 6, [1] * 6, [0] * 6]
    assert pass_of(1, plan)[0] == [7, 3, 2, 4, 5, 6]
    assert pass_of(2, plan) == pass_of(0, plan)


def test_a_smaller_pool_is_shared_by_label() -> None:
    indices = [pass_of(n, plan_of(pool=3))[0] for n in range(4)]
    by_label = [
        {i for i, y in zip(one, LABELS[GIVEN.indices], strict=True) if y} for one in indices
    ]
    assert by_label == [{0}] * 4
    assert {i for one in indices for i in one} == {0, 1}
    assert pass_of(0, plan_of(pool=3, labels=None))[0] == [2, 0, 1, 0, 2, 1]


def test_samples_are_replaced_after_about_as_many_servings_as_asked() -> None:
    plan = plan_of(reuse=2)
    seen = [set(pass_of(n, plan, slot=6 * n)[0]) for n in range(6)]
    assert max(seen[0]) < 8 <= max(seen[4])  # new numbers come
    versions = [pass_of(n, plan, slot=6 * n)[1] for n in range(7)]
    assert max(versions[0]) <= 1 < 2 <= min(versions[6])


def test_labels_that_cannot_be_made_stay_real() -> None:
    plan = plan_of(makeable=[1])
    assert pass_of(0, plan)[0] == [-1, 1, 0, -1, -1, -1]


def test_items_of_a_dataset_come_in_passes() -> None:
    plan = plan_of(items=np.array([1, 0, 1]))
    first = BatchPlan(plan, GIVEN, batch=0, slot=0).slots(0, 6)
    assert sorted(first.index[:3].tolist()) == sorted(first.index[3:].tolist()) == [0, 1, 2]
    assert first.label.tolist() == [[1, 0, 1][i] for i in first.index]
    assert first.twin.tolist() == GIVEN.indices.tolist()
