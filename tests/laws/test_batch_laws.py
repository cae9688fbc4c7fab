"""The laws of composition over batches of any sizes, that somebody else made."""

from __future__ import annotations

import numpy as np
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from lightning_synthaug.plan import (
    BatchPass,
    BatchPlan,
    Breakpoint,
    Epoch,
    Knots,
    Plan,
    SourceSpec,
)
from tests.laws.strategies import exact_integral

law = settings(deadline=None, max_examples=60, phases=[Phase.explicit, Phase.reuse, Phase.generate])
ratios = st.sampled_from([0.0, 0.1, 0.5, 1.0]) | st.floats(0, 1)


@st.composite
def passes(draw: st.DrawFn) -> tuple[Plan, BatchPass, int, int]:
    """A plan, a pass of batches, rows before it, and ranks."""
    sizes = draw(st.lists(st.integers(1, 9), min_size=1, max_size=30))
    total = draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    slot = draw(st.integers(0, 500))
    knots = Knots(
        [
            Breakpoint(0, draw(ratios), draw(ratios)),
            Breakpoint(draw(st.integers(1, 300)), draw(ratios), draw(ratios)),
        ]
    )
    pool, reuse = draw(st.none() | st.integers(1, 100)), draw(st.none() | st.integers(1, 3))
    sources = [SourceSpec("gan", 2, pool, reuse), SourceSpec("set", 1, items=np.full(7, -1))]
    labels = rng.integers(0, 3, total) if draw(st.booleans()) else None
    plan = Plan(Epoch(total, 64), knots, sources[: draw(st.integers(1, 2))], seed=1, labels=labels)
    indices = rng.integers(0, total, sum(sizes))
    given_pass = BatchPass(draw(st.integers(0, 5)), indices, np.cumsum(sizes))
    return plan, given_pass, slot, draw(st.integers(1, len(sizes)))


def planned(plan: BatchPlan) -> np.ndarray:
    """All slots of the pass, by way of blocks and batches."""
    parts = []
    for n in range(plan.batch, plan.stop):
        part = plan.block(n).cut(plan.slot(n), plan.slot(n + 1))
        assert plan.bounds(n, n + 1) == [plan.slot(n), plan.slot(n + 1)]
        parts.append(part.matrix())
    return np.concatenate(parts, axis=1)


@law
@given(passes())
def test_slots_are_the_samplers_and_counts_the_schedules(
    drawn: tuple[Plan, BatchPass, int, int],
) -> None:
    plan, given_pass, slot, world = drawn
    whole = BatchPlan(plan, given_pass, batch=3, slot=slot, world=world)
    source, index, label, twin, _ = planned(whole)
    assert whole.stop == 3 + given_pass.ends.size // world
    assert twin.tolist() == given_pass.indices[: twin.size].tolist()
    assert index[source == 0].tolist() == twin[source == 0].tolist()
    key = plan.knots.key()
    before = exact_integral(key, slot)
    made = np.cumsum(source > 0)
    for n in range(0, twin.size, 7):
        exact = exact_integral(key, slot + n + 1) - before
        assert abs(int(made[n]) - exact) < 1 + 1e-6
    if plan.labels is not None:
        mine = source == 1
        assert label[mine].tolist() == plan.labels.labels[twin[mine]].tolist()


@law
@given(passes(), st.data())
def test_a_pass_can_be_taken_up_at_any_batch_by_any_ranks(
    drawn: tuple[Plan, BatchPass, int, int], data: st.DataObject
) -> None:
    plan, given_pass, slot, world = drawn
    whole = BatchPlan(plan, given_pass, batch=0, slot=slot, world=world)
    stop = data.draw(st.integers(0, whole.stop - 1))
    rows, taken = whole.place(stop)
    ranks = data.draw(st.integers(1, given_pass.ends.size - taken))
    rest = BatchPlan(plan, given_pass, batch=stop, slot=rows, taken=taken, world=ranks)
    one, other = planned(whole)[:, rows - slot :], planned(rest)
    common = min(one.shape[1], other.shape[1])
    assert common > 0
    assert np.array_equal(one[:, :common], other[:, :common])


@law
@given(passes())
def test_ranks_own_whole_batches(drawn: tuple[Plan, BatchPass, int, int]) -> None:
    plan, given_pass, slot, world = drawn
    whole = BatchPlan(plan, given_pass, batch=0, slot=slot, world=world)
    sizes = np.diff(given_pass.ends, prepend=0)
    for n in range(whole.stop):
        shares = [whole.share(n, rank) for rank in range(world)]
        assert [b - a for a, b in shares] == sizes[n * world : (n + 1) * world].tolist()
        ends = [0, *(b for _, b in shares)]
        assert [a for a, _ in shares] == ends[:-1]
        assert ends[-1] == whole.slot(n + 1) - whole.slot(n)


@law
@given(passes())
def test_needs_are_told_without_the_slots(drawn: tuple[Plan, BatchPass, int, int]) -> None:
    plan, given_pass, slot, world = drawn
    whole = BatchPlan(plan, given_pass, batch=0, slot=slot, world=world)
    matrix = planned(whole)
    first, last = (plan.knots.count(whole.slot(n)) for n in (0, whole.stop))
    assert np.array_equal(whole.synthetic(first, last).matrix(), matrix[:, matrix[0] > 0])
    middle = (first + last) // 2
    halves = [whole.synthetic(first, middle).matrix(), whole.synthetic(middle, last).matrix()]
    assert np.array_equal(np.concatenate(halves, axis=1), matrix[:, matrix[0] > 0])


@law
@given(passes())
def test_a_pool_holds_no_more_than_it_should(drawn: tuple[Plan, BatchPass, int, int]) -> None:
    plan, given_pass, slot, _ = drawn
    pool, reuse = plan.sources[0].pool or plan.epoch.samples, plan.sources[0].reuse
    made: set[tuple[int, int]] = set()
    for number in range(6):
        once = BatchPass(number, given_pass.indices, given_pass.ends)
        matrix = planned(BatchPlan(plan, once, batch=0, slot=slot))
        mine = matrix[:, matrix[0] == 1]
        made |= {(int(y), int(i)) for i, y in zip(mine[1], mine[2], strict=True)}
    kinds = 1 if plan.labels is None else plan.labels.values.size
    if reuse is None:
        assert len(made) <= max(pool, pool + kinds - 1)
