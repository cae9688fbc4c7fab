"""The laws of composition: what holds for every schedule, every weight, every shape of a run."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lightning_synthaug.errors import PlanError
from lightning_synthaug.plan import (
    Breakpoint,
    Clock,
    Epoch,
    Knots,
    Plan,
    RatioChange,
    Reshape,
    ShareTable,
    SourceSpec,
    events_from_state,
    events_to_state,
    rank_rows,
)
from tests.laws.strategies import (
    Run,
    edf_reference,
    epochs,
    exact_integral,
    ratios,
    runs,
    schedules,
)


@settings(deadline=None, max_examples=150)
@given(runs())
def test_totals_stay_within_one_of_the_integral_and_sources_within_two(run: Run) -> None:
    key = run.plan.knots.key()
    weights = [s.weight for s in run.plan.sources]
    counts = np.zeros(len(weights), np.int64)
    for slot, source in enumerate(run.source.tolist()):
        if source:
            counts[source - 1] += 1
        integral = exact_integral(key, slot + 1)
        assert abs(int(counts.sum()) - integral) < 1, slot
        for n, c in zip(weights, counts.tolist(), strict=True):
            assert abs(c - integral * n / sum(weights)) < 2, slot


@settings(deadline=None, max_examples=100)
@given(runs())
def test_sources_follow_the_slow_reference(run: Run) -> None:
    served = run.source[run.source > 0]
    reference = edf_reference([s.weight for s in run.plan.sources], served.size)
    assert (served - 1).tolist() == reference


@given(st.lists(st.integers(0, 12), min_size=1, max_size=7).filter(any), st.integers(0, 200))
def test_shares_stay_within_one_at_every_moment(weights: list[int], rounds: int) -> None:
    table = ShareTable(weights)
    numbers = np.arange(rounds * table.period, rounds * table.period + 2 * table.period)
    who, rank = table.who(numbers), table.rank(numbers)
    for j, n in enumerate(weights):
        mine = np.cumsum(who == j) + rounds * n
        assert (np.abs(mine - (numbers + 1) * n / table.period) < 1 + 1e-9).all()
        assert rank[who == j].tolist() == (mine[who == j] - 1).tolist()


@settings(deadline=None, max_examples=100)
@given(schedules(), epochs(), st.integers(1, 5))
def test_compiled_integral_is_the_schedules_own(schedule: object, epoch: Epoch, num: int) -> None:
    clock = Clock(epoch.slots * num, epoch.slots, epoch.slot)
    knots = schedule.compile(clock)
    key = knots.key()
    for slot in range(0, epoch.slots * num, 7):
        assert abs(knots.integral(slot) - float(exact_integral(key, slot))) < 1e-6
        assert 0 <= knots.ratio(slot) <= 1
    end = epoch.slots * num
    counts = knots.counts(0, end)
    assert counts.tolist() == [knots.count(g) for g in range(end + 1)]
    assert set(np.diff(counts).tolist()) <= {0, 1}
    for k in range(0, int(counts[-1]), 5):
        slot = knots.locate(k, end)
        assert slot is not None
        assert counts[slot] == k
        assert counts[slot + 1] == k + 1
    assert knots.locate(int(counts[-1]), end) is None


@settings(deadline=None, max_examples=150)
@given(runs())
def test_each_pass_visits_each_sample_once(run: Run) -> None:
    real = run.arrays[1][run.source == 0]
    length = min(run.epoch.samples, run.epoch.slots)
    for start in range(0, real.size - length + 1, length):
        visits = real[start : start + length]
        assert np.unique(visits).size == length
    if length == run.epoch.samples and real.size >= length:
        assert sorted(real[:length].tolist()) == list(range(length))


@settings(deadline=None, max_examples=150)
@given(runs())
def test_no_sample_twice_in_a_batch(run: Run) -> None:
    for b in range(run.batches):
        planned = run.plan.batch(b)
        real = planned.index[~planned.is_synthetic]
        if run.epoch.samples >= run.epoch.batch_size:
            assert np.unique(real).size == real.size
        for j, source in enumerate(run.plan.sources, start=1):
            mine = planned.source == j
            keys = set(zip(planned.label[mine].tolist(), planned.index[mine].tolist(), strict=True))
            if (source.pool or run.epoch.samples) >= run.epoch.batch_size:
                assert len(keys) == mine.sum()


@settings(deadline=None, max_examples=150)
@given(runs())
def test_ranks_partition_the_batch_and_differ_by_at_most_one(run: Run) -> None:
    for b in range(run.batches):
        synthetic = run.plan.batch(b).is_synthetic
        rows = [rank_rows(synthetic, r, run.epoch.world) for r in range(run.epoch.world)]
        assert sorted(np.concatenate(rows).tolist()) == list(range(synthetic.size))
        for totals in ([synthetic[r].sum() for r in rows], [r.size for r in rows]):
            assert max(totals) - min(totals) <= 1
        assert min(r.size for r in rows) >= 1


@settings(deadline=None, max_examples=100)
@given(runs(labelled=True))
def test_proportional_labels_are_exact_per_pool_pass(run: Run) -> None:
    histogram = Counter(run.plan.labels.labels.tolist())
    for j, source in enumerate(run.plan.sources, start=1):
        if source.pool is not None:
            continue
        mine = run.arrays[:, run.source == j]
        size = run.epoch.samples
        for start in range(0, mine.shape[1] - size + 1, size):
            assert Counter(mine[2, start : start + size].tolist()) == histogram


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_weighted_labels_stay_within_two(data: st.DataObject) -> None:
    weights = data.draw(st.dictionaries(st.integers(0, 5), st.integers(1, 7), min_size=1))
    present = sorted(weights)
    run = data.draw(runs(labelled=present, balance=weights))
    total = sum(weights[v] for v in present)
    for j in range(1, len(run.plan.sources) + 1):
        mine = run.arrays[2, run.source == j]
        for v in present:
            share = np.arange(1, mine.size + 1) * weights[v] / total
            assert (np.abs(np.cumsum(mine == v) - share) < 2).all()


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_uniform_levels_the_batches_as_far_as_it_can(data: st.DataObject) -> None:
    ratio = data.draw(st.sampled_from([0.2, 0.5, 0.8, 1.0]))
    labels = np.array(data.draw(st.lists(st.integers(0, 3), min_size=40, max_size=120)))
    epoch = Epoch(labels.size, 8)
    plan = Plan(
        epoch,
        Knots([Breakpoint(0, ratio, ratio)]),
        [SourceSpec("s")],
        seed=1,
        labels=labels,
        balance="uniform",
    )
    slots = plan.slots(0, 40 * epoch.slots)
    share = np.array([(slots.label == v).mean() for v in plan.labels.values])
    real = plan.labels.counts / labels.size * (1 - ratio)
    # No label that was given synthetic samples stands above one that was given none, and those given any are level.
    given_any = np.array(
        [((slots.label == v) & slots.is_synthetic).any() for v in plan.labels.values]
    )
    assert np.ptp(share[given_any]) < 0.03
    assert (share[~given_any] >= share[given_any].max() - 0.03).all()
    assert (share >= real - 0.03).all()


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 40), st.integers(1, 4), st.integers(1, 10), st.integers(0, 2**40))
def test_every_sample_is_served_exactly_reuse_times(
    pool: int, reuse: int, batch: int, seed: int
) -> None:
    epoch = Epoch(50, batch)
    source = SourceSpec("s", pool=pool, reuse=reuse)
    plan = Plan(epoch, Knots([Breakpoint(0, 1.0, 1.0)]), [source], seed=seed)
    passes = 4 * reuse + 3
    served = Counter(plan.slots(0, passes * pool).index.tolist())
    life = {
        serial: count
        for serial, count in served.items()
        if pool <= serial < pool * (passes // reuse - 1)
    }
    assert set(life.values()) <= {reuse}
    assert max(served.values()) <= reuse


@settings(deadline=None, max_examples=100)
@given(runs(), st.data())
def test_direct_access_equals_iteration(run: Run, data: st.DataObject) -> None:
    plan = run.plan
    fresh = Plan(
        run.epoch, plan.knots, plan.sources, seed=plan.seed, shuffle=plan.shuffle,
        labels=plan.labels.labels if plan.labels else None,
    )  # fmt: skip
    b = data.draw(st.integers(0, run.batches - 1))
    start, stop = fresh.slot(b), fresh.slot(b + 1)
    assert np.array_equal(fresh.batch(b).matrix(), run.arrays[:, start:stop])
    a = data.draw(st.integers(0, run.arrays.shape[1] - 1))
    c = data.draw(st.integers(a + 1, run.arrays.shape[1]))
    assert np.array_equal(fresh.slots(a, c).matrix(), run.arrays[:, a:c])


@settings(deadline=None, max_examples=60)
@given(epochs(), st.booleans(), st.integers(0, 2**40))
def test_ratio_zero_is_the_plain_epoch(epoch: Epoch, shuffle: bool, seed: int) -> None:
    plan = Plan(
        epoch, Knots([Breakpoint(0, 0.0, 0.0)]), [SourceSpec("s")], seed=seed, shuffle=shuffle
    )
    for e in range(3):
        batches = [plan.batch(e * epoch.batches + b) for b in range(epoch.batches)]
        assert all(not b.is_synthetic.any() for b in batches)
        indices = np.concatenate([b.index for b in batches])
        sizes = [len(b) for b in batches]
        assert sizes[:-1] == [epoch.batch_size] * (len(sizes) - 1)
        if epoch.slots <= epoch.samples:
            assert np.unique(indices).size == epoch.slots
            assert sum(sizes) == (
                epoch.samples
                if not epoch.drop_last
                else epoch.samples // epoch.batch_size * epoch.batch_size
            )
            if not shuffle:
                assert indices.tolist() == list(range(epoch.slots))


@settings(deadline=None, max_examples=60)
@given(runs(max_epochs=3), st.data())
def test_history_leaves_the_past_alone(run: Run, data: st.DataObject) -> None:
    plan = run.plan
    b = data.draw(st.integers(0, run.batches))
    events = [st.builds(RatioChange, st.just(b), ratios)]
    if run.epoch.samples >= 2 * run.epoch.batch_size:
        wider = Epoch(run.epoch.samples, 2 * run.epoch.batch_size, run.epoch.world)
        events.append(st.just(Reshape(b, wider)))
    event = data.draw(st.one_of(events))
    (again,) = events_from_state(events_to_state([event]))
    assert again == event
    changed = Plan(
        run.epoch, plan.knots, plan.sources, seed=plan.seed, shuffle=plan.shuffle,
        labels=plan.labels.labels if plan.labels else None, history=[event],
    )  # fmt: skip
    for n in range(b):
        assert np.array_equal(
            changed.batch(n).matrix()[:, : changed.slot(n + 1) - changed.slot(n)],
            plan.batch(n).matrix(),
        )
    after = changed.batch(b + 1)
    assert len(after) >= 1
    if isinstance(event, RatioChange) and event.ratio in (0.0, 1.0):
        assert after.is_synthetic.all() == (event.ratio == 1.0)


@pytest.mark.parametrize(("size", "batch"), [(2**22 + 5, 64), (10**9, 4096), (2**30 + 1, 7)])
def test_laws_hold_above_the_explicit_limit(size: int, batch: int) -> None:
    plan = Plan(Epoch(size, batch), Knots([Breakpoint(0, 0.5, 0.5)]), [SourceSpec("s")], seed=5)
    edge = next(
        b
        for b in range(2 * size // batch - 3, 2 * size // batch + 3)
        if plan.knots.count(plan.slot(b + 1)) >= size
    )
    for b in range(edge - 2, edge + 3):
        planned = plan.batch(b)
        real = planned.index[~planned.is_synthetic]
        synthetic = planned.index[planned.is_synthetic]
        assert np.unique(real).size == real.size
        assert np.unique(synthetic).size == synthetic.size
        assert planned.index.min() >= 0
        assert planned.index.max() < size


def test_generated_samples_do_not_depend_on_the_run_seed() -> None:
    labels = np.arange(60) % 7
    asked = []
    for seed in (1, 2):
        plan = Plan(
            Epoch(60, 6),
            Knots([Breakpoint(0, 0.5, 0.5)]),
            [SourceSpec("s", pool=24)],
            seed=seed,
            labels=labels,
        )
        slots = plan.slots(0, 480)
        mine = slots.is_synthetic
        asked.append(
            set(
                zip(
                    slots.label[mine].tolist(),
                    slots.index[mine].tolist(),
                    slots.twin[mine].tolist(),
                    strict=True,
                )
            )
        )
    assert asked[0] == asked[1]
    assert len(asked[0]) == 24


def test_a_world_that_does_not_divide_the_batch_is_refused() -> None:
    with pytest.raises(
        PlanError, match=r"divide among the ranks, got 10 slots for 4 ranks.*\[SA108\]"
    ):
        Epoch(100, 10, 4)


def test_an_epoch_without_a_batch_is_refused() -> None:
    with pytest.raises(PlanError, match=r"at least one batch, got 5 samples.*\[SA109\]"):
        Epoch(5, 10, 1, drop_last=True)
