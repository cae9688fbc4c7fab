"""The laws of composition: what holds for every schedule, every weight, every shape of a run."""

from __future__ import annotations

import json
from collections import Counter
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader, DistributedSampler

from lightning_synthaug.errors import PlanError
from lightning_synthaug.plan import (
    Breakpoint,
    Clock,
    Constant,
    Cosine,
    Epoch,
    Knots,
    Linear,
    Plan,
    RatioChange,
    Reshape,
    Schedule,
    ShareTable,
    Sigmoid,
    SourceSpec,
    child_seed,
    events_from_state,
    events_to_state,
    plan_from_state,
    plan_to_state,
    rank_rows,
)
from tests.laws.strategies import (
    FewSamples,
    Run,
    edf_reference,
    epochs,
    exact_integral,
    formula_integral,
    ramps,
    runs,
    schedules,
)

# Slow shrinking would outlive every time-out: a failing example is small enough as it was drawn.
law = settings(
    deadline=None,
    max_examples=50,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@law
@given(runs())
def test_totals_stay_within_one_of_the_integral_and_sources_within_two(run: Run) -> None:
    key = run.plan.knots.key()
    weights = [s.weight for s in run.plan.sources]
    counts = np.zeros(len(weights), np.int64)
    for slot, source in enumerate(run.source.tolist()):
        if source:
            counts[source - 1] += 1
        if slot % 5 and slot > 50:
            continue
        integral = exact_integral(key, slot + 1)
        assert abs(int(counts.sum()) - integral) < 1, slot
        for n, c in zip(weights, counts.tolist(), strict=True):
            assert abs(c - integral * n / sum(weights)) < 2, slot


@law
@given(ramps(), epochs(), st.integers(1, 20))
@example(Sigmoid(0.15, 0.72, over="2ep", steepness=99.0), Epoch(9, 9), 19)  # shorter than its step
def test_totals_stay_within_one_of_the_formula(schedule: Schedule, epoch: Epoch, num: int) -> None:
    """The formula of the documentation, integrated without any knots: they add less than a hundredth."""
    end = epoch.slots * num
    clock = Clock(end, epoch.slots, epoch.slot)
    counts = schedule.compile(clock).counts(0, end)
    expected = formula_integral(schedule, clock, np.arange(end + 1))
    assert np.abs(counts - expected).max() < 1.01


@law
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


@law
@given(schedules(), epochs(), st.integers(1, 5))
def test_compiled_counts_step_by_one_and_agree(schedule: Schedule, epoch: Epoch, num: int) -> None:
    end = epoch.slots * num
    knots = schedule.compile(Clock(end, epoch.slots, epoch.slot))
    key = knots.key()
    for slot in range(0, end, 7):
        assert abs(knots.integral(slot) - float(exact_integral(key, slot))) < 1e-6
        assert 0 <= knots.ratio(slot) <= 1
    counts = knots.counts(0, end)
    assert counts.tolist() == [knots.count(g) for g in range(end + 1)]
    assert set(np.diff(counts).tolist()) <= {0, 1}
    again = Knots.of_key([list(row) for row in key])
    assert again is not None
    assert again.key() == key


@law
@given(runs(happens=True))
def test_each_pass_visits_each_sample_once(run: Run) -> None:
    shapes = [(0, run.epoch)]
    shapes += [(e.batch, e.epoch) for e in run.plan.history if isinstance(e, Reshape)]
    for i, (first, epoch) in enumerate(shapes):
        end = min(run.batches, shapes[i + 1][0] if i + 1 < len(shapes) else run.batches)
        mine = [run.batch(b) for b in range(first, end)]
        real = np.concatenate([m[1][m[0] == 0] for m in mine]) if mine else np.empty(0, np.int64)
        for start in range(0, real.size, epoch.real):
            visits = real[start : start + epoch.real]
            assert np.unique(visits).size == visits.size
        if real.size >= epoch.samples == epoch.real:
            assert sorted(real[: epoch.real].tolist()) == list(range(epoch.real))


@law
@given(runs(happens=True, shuffle=True))
def test_no_sample_twice_in_a_batch_whenever_that_is_possible(run: Run) -> None:
    for b in range(120):  # far beyond the run, so that many passes end
        batch = run.plan.batch(b).matrix()
        real = batch[1][batch[0] == 0]
        if real.size <= min(run.epoch.real, *_shape_sizes(run)):
            assert np.unique(real).size == real.size, b
        for j, source in enumerate(run.plan.sources, start=1):
            mine = batch[1:, batch[0] == j]
            groups = [mine]
            size = source.pool or run.epoch.samples
            if source.items is not None:
                size = source.items.size
            if run.plan.balance != "proportional":
                groups = [mine[:, mine[1] == v] for v in np.unique(mine[1])]
                size = max(1, size // len(_labels_possible(run, source)))
            for group in groups:
                if run.plan.balance != "proportional" and source.items is not None:
                    size = int((source.items == group[1, 0]).sum())
                if group.shape[1] <= size:
                    assert np.unique(group, axis=1).shape == group.shape, (b, j)


@pytest.mark.parametrize("ratio", [0.1, 0.5])
def test_no_sample_twice_in_a_batch_after_it_became_larger(ratio: float) -> None:
    larger = [
        Reshape(30, Epoch(100, 60)),
        Reshape(70, Epoch(100, 100)),
        Reshape(110, Epoch(100, 5)),
    ]
    knots = Knots([Breakpoint(0, ratio, ratio)])
    plan = Plan(Epoch(100, 10), knots, [SourceSpec("s")], seed=1, history=larger)
    for b in range(150):
        planned = plan.batch(b)
        for mine in (planned.is_synthetic, ~planned.is_synthetic):
            assert np.unique(planned.index[mine]).size == mine.sum()


def _shape_sizes(run: Run) -> list[int]:
    """Samples of a pass after each change of the batch size."""
    shapes = [e.epoch.real for e in run.plan.history if isinstance(e, Reshape)]
    return shapes or [run.epoch.real]


def _labels_possible(run: Run, source: SourceSpec) -> set[int]:
    """Labels among which a source's pool is divided."""
    assert run.labels is not None
    wanted = run.plan.balance if isinstance(run.plan.balance, dict) else run.labels.tolist()
    return {v for v in set(wanted) if source.labels is None or v in source.labels}


@law
@given(runs())
def test_ranks_partition_the_batch_and_differ_by_at_most_one(run: Run) -> None:
    world = run.epoch.world
    for b in range(run.batches):
        synthetic = run.batch(b)[0] > 0
        rows = [rank_rows(synthetic, r, world) for r in range(world)]
        together = np.concatenate(rows)
        assert set(together.tolist()) == set(range(synthetic.size))
        assert together.size == max(synthetic.size, world)
        for totals in ([synthetic[r].sum() for r in rows], [r.size for r in rows]):
            assert max(totals) - min(totals) <= 1
        assert min(r.size for r in rows) >= 1


@law
@given(runs(happens=True), st.sampled_from([1, 2, 3, 6]))
def test_all_worlds_plan_alike(run: Run, world: int) -> None:
    epoch = run.epoch
    if epoch.batch_size % world:
        return
    other = Plan(
        Epoch(epoch.samples, epoch.batch_size, world, epoch.drop_last),
        run.plan.scheduled,
        run.plan.sources,
        seed=run.plan.seed,
        labels=run.labels,
        balance=run.plan.balance,
        shuffle=run.plan.shuffle,
        history=run.plan.history,
    )
    for b in range(run.batches):
        assert np.array_equal(other.batch(b).matrix(), run.batch(b))


@law
@given(runs(labelled=True, happens=True) | runs(labelled=[0, 3], balance={0: 2, 3: 1}))
def test_stand_ins_carry_the_label_and_numbers_tell_twin_and_version(run: Run) -> None:
    labels = run.labels
    assert labels is not None
    rank = np.array([(labels[:i] == v).sum() for i, v in enumerate(labels)])
    count = np.bincount(labels, minlength=10)
    for j, source in enumerate(run.plan.sources, start=1):
        index, label, twin, version = run.arrays[1:, run.source == j]
        occurs = np.isin(label, labels)
        assert (labels[twin[occurs]] == label[occurs]).all()
        if source.items is not None:
            assert (source.items[index] == label).all()
            continue
        made = np.isin(label, list(source.labels)) if source.labels else np.full(label.size, True)
        assert occurs.all()
        assert (index[~made] == -1).all()
        assert (index == version * count[label] + rank[twin])[made].all()


@law
@given(st.data())
def test_proportional_labels_are_exact_per_pool_pass(data: st.DataObject) -> None:
    labels = np.array(data.draw(st.lists(st.integers(0, 4), min_size=1, max_size=30)))
    size = labels.size
    ratio = data.draw(st.sampled_from([0.4, 1.0]))
    count = data.draw(st.integers(1, 3))
    specs = [
        SourceSpec(f"s{i}", data.draw(st.integers(1, 3)), data.draw(st.sampled_from([None, size])))
        for i in range(count)
    ]
    plan = Plan(
        Epoch(size, data.draw(st.integers(1, 40))),
        Knots([Breakpoint(0, ratio, ratio)]),
        specs,
        seed=data.draw(st.integers(0, 2**40)),
        labels=labels,
    )
    slots = plan.slots(0, 60 * size)
    for j in range(1, count + 1):
        mine = slots.label[slots.source == j]
        assert mine.size >= size
        for start in range(0, mine.size - size + 1, size):
            assert Counter(mine[start : start + size].tolist()) == Counter(labels.tolist())


@law
@given(st.data())
def test_weighted_labels_stay_within_two(data: st.DataObject) -> None:
    weights = data.draw(st.dictionaries(st.integers(0, 5), st.integers(1, 7), min_size=1))
    present = sorted(weights)
    run = data.draw(runs(labelled=present, balance=weights, plain_sources=True))
    total = sum(weights[v] for v in present)
    for j in range(1, len(run.plan.sources) + 1):
        mine = run.arrays[2, run.source == j]
        for v in present:
            share = np.arange(1, mine.size + 1) * weights[v] / total
            assert (np.abs(np.cumsum(mine == v) - share) < 2).all()


@law
@given(st.data())
def test_uniform_levels_the_batches_as_far_as_it_can(data: st.DataObject) -> None:
    ratio = data.draw(st.sampled_from([0.2, 0.5, 0.8, 1.0]))
    before = data.draw(st.sampled_from([None, 0.05, 0.35, 0.9]))
    labels = np.array(data.draw(st.lists(st.integers(0, 3), min_size=40, max_size=120)))
    epoch = Epoch(labels.size, 8)
    begin = 0 if before is None else 40 * epoch.slots
    points = [Breakpoint(0, before, before)] if begin else []
    plan = Plan(
        epoch,
        Knots([*points, Breakpoint(begin, ratio, ratio)]),
        [SourceSpec("s")],
        seed=1,
        labels=labels,
        balance="uniform",
    )
    # After a change the present period of 256 samples is served to its end.
    slots = plan.slots(begin + (2000 if begin else 0), begin + 2000 + 40 * epoch.slots)
    share = np.array([(slots.label == v).mean() for v in plan.labels.values])
    real = plan.labels.counts / labels.size * (1 - ratio)
    # No label that was given synthetic samples stands above one that was given none, and those given any are level.
    given_any = np.array(
        [((slots.label == v) & slots.is_synthetic).any() for v in plan.labels.values]
    )
    assert np.ptp(share[given_any]) < 0.03
    assert (share[~given_any] >= share[given_any].max() - 0.03).all()
    assert (share >= real - 0.03).all()
    # Each label's pool is served through, whatever stages its servings fall into.
    served = plan.synthetic(0, plan.knots.count(begin + 2000 + 40 * epoch.slots))
    parts = plan.labels.values.size
    for i, v in enumerate(plan.labels.values):
        mine = served.index[served.label == v]
        size = labels.size // parts + (i < labels.size % parts)
        for start in range(0, mine.size - size + 1, size):
            assert np.unique(mine[start : start + size]).size == size


@pytest.mark.parametrize(("start", "end"), [(0.0, 0.9), (0.9, 0.05)])
def test_uniform_serves_each_labels_pool_through_many_stages(start: float, end: float) -> None:
    epoch = Epoch(99, 10)
    knots = Linear(start, end, over="100%").compile(Clock(20_000, epoch.slots, epoch.slot))
    labels = np.array([0] * 70 + [1] * 19 + [2] * 10)
    plan = Plan(epoch, knots, [SourceSpec("s")], seed=3, labels=labels, balance="uniform")
    edges = range(0, knots.count(25_000), 500)
    parts = [plan.synthetic(first, first + 500).matrix() for first in edges]
    _, index, label, _, _ = np.concatenate(parts, axis=1)
    for v in range(3):
        mine = index[label == v]
        passes = mine[: mine.size // 33 * 33].reshape(-1, 33)
        assert passes.shape[0] > 10
        assert (np.sort(passes, axis=1) == np.sort(passes[0])).all()


@law
@given(
    st.integers(1, 40),
    st.integers(1, 4),
    st.integers(1, 10),
    st.integers(0, 2**40),
    st.sampled_from(["proportional", "uniform", {0: 1, 2: 3}]),
)
def test_every_sample_is_served_exactly_reuse_times(
    pool: int, reuse: int, batch: int, seed: int, balance: Any
) -> None:
    labels = None if balance == "proportional" else np.arange(50) % 3
    plan = Plan(
        Epoch(50, batch),
        Knots([Breakpoint(0, 1.0, 1.0)]),
        [SourceSpec("s", pool=pool, reuse=reuse)],
        seed=seed,
        labels=labels,
        balance=balance,
    )
    passes = 4 * reuse + 3
    slots = plan.slots(0, 4 * passes * pool)
    parts = {"proportional": 1, "uniform": 3}.get(str(balance), 2)
    for v in np.unique(slots.label):
        mine = slots.index[slots.label == v].tolist()
        served = Counter(mine)
        few, size = max(1, pool // parts), max(1, -(-pool // parts))
        lives = len(mine) // size // reuse
        # Only the first life of a slot and its last one can be cut off; no number is left out.
        assert max(served.values()) <= reuse
        assert sum(n < reuse for n in served.values()) <= 2 * size
        assert sum(n == reuse for n in served.values()) >= few * (lives - 2)
        count = 0 if labels is None else int((labels == v).sum())
        assert max(served) < len(served) + size + count


@law
@given(runs(happens=True) | runs(extra=True), st.data())
def test_direct_access_equals_iteration(run: Run, data: st.DataObject) -> None:
    fresh = run.again()
    b = data.draw(st.integers(0, run.batches - 1))
    assert np.array_equal(fresh.batch(b).matrix(), run.batch(b))
    if run.plan.history or run.epoch.extra:
        return
    a = data.draw(st.integers(0, run.arrays.shape[1] - 1))
    c = data.draw(st.integers(a + 1, run.arrays.shape[1]))
    assert np.array_equal(fresh.slots(a, c).matrix(), run.arrays[:, a:c])


@law
@given(epochs(), st.booleans(), st.integers(0, 2**40))
def test_ratio_zero_is_the_plain_epoch(epoch: Epoch, shuffle: bool, seed: int) -> None:
    plan = Plan(
        epoch, Knots([Breakpoint(0, 0.0, 0.0)]), [SourceSpec("s")], seed=seed, shuffle=shuffle
    )
    plain = [
        batch.tolist()
        for batch in DataLoader(
            range(epoch.samples), batch_size=epoch.batch_size, drop_last=epoch.drop_last
        )
    ]
    for e in range(3):
        batches = [plan.batch(e * epoch.batches + b) for b in range(epoch.batches)]
        assert all(not b.is_synthetic.any() for b in batches)
        assert [len(b) for b in batches] == [len(b) for b in plain]
        indices = np.concatenate([b.index for b in batches])
        assert np.unique(indices).size == indices.size
        if not shuffle:
            assert [b.index.tolist() for b in batches] == plain


@law
@given(epochs())
def test_at_ratio_zero_ranks_get_what_a_distributed_sampler_gives_them(epoch: Epoch) -> None:
    if epoch.drop_last:
        return
    plan = Plan(epoch, Knots([Breakpoint(0, 0.0, 0.0)]), [SourceSpec("s")], seed=1, shuffle=False)
    mine = epoch.batch_size // epoch.world
    for rank in range(epoch.world):
        sampler = DistributedSampler(range(epoch.samples), epoch.world, rank, shuffle=False)
        theirs = list(sampler)
        for b in range(epoch.batches):
            batch = plan.batch(b)
            ours = batch.index[rank_rows(batch.is_synthetic, rank, epoch.world)].tolist()
            part = theirs[b * mine : (b + 1) * mine]
            # Torch pads each rank's share to the same length with samples from the beginning; a plan pads only what
            # would be empty.
            assert len(ours) in (len(part), len(part) - 1)
            if rank < len(batch):
                assert ours == part[: len(ours)]


@law
@given(
    runs(max_epochs=3, happens=True)
    | runs(max_epochs=3, happens=True, balance="uniform", labelled=True)
)
def test_history_leaves_the_past_alone(run: Run) -> None:
    history = run.plan.history
    assert events_from_state(events_to_state(history)) == history
    for i, event in enumerate(history):
        before = run.again(history=history[:i])
        for n in range(min(event.batch, run.batches)):
            assert np.array_equal(before.batch(n).matrix(), run.batch(n)), (event, n)
        after = run.again(history=history[: i + 1])
        first = after.batch(event.batch)
        if isinstance(event, RatioChange):
            # From its first slot on, and not one slot later.
            slots = after.slots(first.start, first.start + 3 * len(first)).is_synthetic
            share = np.arange(1, slots.size + 1) * event.ratio
            assert (np.abs(np.cumsum(slots) - share) < 1 + 1e-6).all()
        else:
            assert after.epoch == event.epoch
            assert len(first) == min(event.epoch.batch_size, event.epoch.real)


@pytest.mark.parametrize("batch", [137, 500, 1501])
@pytest.mark.parametrize(
    "schedule", [Constant(0.3), Linear(0.0, 0.8, over="100%"), Cosine(0.8, 0.1, over="100%")]
)
def test_events_leave_the_labels_of_the_past_alone(schedule: Schedule, batch: int) -> None:
    epoch = Epoch(100, 10)
    knots = schedule.compile(Clock(20_000, epoch.slots, epoch.slot))
    labels = np.array([0] * 70 + [1] * 20 + [2] * 10)
    arguments: dict[str, Any] = {"seed": 1, "labels": labels, "balance": "uniform"}
    history = [RatioChange(batch, 0.9), RatioChange(batch + 1, 0.2), RatioChange(batch + 60, 0.5)]
    specs = [SourceSpec("a", 2, pool=30), SourceSpec("b")]
    for i, event in enumerate(history):
        before = Plan(epoch, knots, specs, history=history[:i], **arguments)
        after = Plan(epoch, knots, specs, history=history[: i + 1], **arguments)
        stop = before.slot(event.batch)
        assert np.array_equal(before.slots(0, stop).matrix(), after.slots(0, stop).matrix())


@law
@given(runs(extra=True))
def test_added_slots_displace_no_real_sample(run: Run) -> None:
    epoch, counts = run.epoch, 0
    key = run.plan.knots.key()
    own_rows: list[int] = []
    for b in range(run.batches):
        batch = run.batch(b)
        within = b % epoch.batches
        own = min(epoch.batch_size, epoch.real - within * epoch.batch_size)
        assert batch.shape[1] == own + epoch.extra
        assert (batch[0, :own] == 0).all()
        assert (batch[4, :own] == 0).all()
        counts += int((batch[0] > 0).sum())
        integral = exact_integral(key, run.plan.slot(b + 1))
        assert abs(counts - integral) < 1 + Fraction(1, 10**6)
        again = batch[1:, own:][:, batch[0, own:] == 0]
        assert (again[3] == 1).all()
        if epoch.extra <= epoch.samples:
            assert np.unique(again[0]).size == again.shape[1]
        own_rows += batch[1, :own].tolist()
        if within == epoch.batches - 1:
            assert len(set(own_rows)) == len(own_rows) == epoch.real
            own_rows = []


@law
@given(st.data())
def test_a_ratio_above_the_added_slots_is_refused(data: st.DataObject) -> None:
    epoch = data.draw(epochs(extra=True))
    ratio = data.draw(st.floats(0.01, 1.0))
    most = epoch.extra / (epoch.batch_size + epoch.extra)
    make = lambda: Plan(  # noqa: E731
        epoch, Knots([Breakpoint(0, ratio, ratio)]), [SourceSpec("s")], seed=1
    )
    if ratio <= most:
        assert make().batch(0).is_synthetic.sum() <= epoch.extra
    elif ratio > most + 1e-6:
        with pytest.raises(PlanError, match=r"added slots can hold.*\[SA118\]"):
            make()


@law
@given(st.data())
def test_a_users_order_is_kept_and_nothing_else_is_touched(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 60))
    support = np.array(sorted(data.draw(st.sets(st.integers(0, size - 1), min_size=1))))
    order = FewSamples(support, data.draw(st.integers(20, 80)))
    extra = data.draw(st.sampled_from([0, 3]))
    epoch = Epoch(order.length, data.draw(st.integers(1, 12)), extra=extra)
    labels = data.draw(st.sampled_from([None, np.arange(size) % 4]))
    balance = (
        "proportional"
        if labels is None
        else data.draw(st.sampled_from(["proportional", "uniform"]))
    )
    knots = Knots([Breakpoint(0, 0.2, 0.2)])
    arguments: dict[str, Any] = {"seed": 5, "labels": labels, "balance": balance, "order": order}
    plan = Plan(epoch, knots, [SourceSpec("s")], **arguments)
    batches = [plan.batch(b) for b in range(3 * epoch.batches)]
    for batch in batches:
        assert np.isin(batch.twin, support).all()
        assert np.isin(batch.index[~batch.is_synthetic], support).all()
        if labels is not None:
            assert (labels[batch.twin] == batch.label).all()
    own = np.concatenate([b.index[(b.source == 0) & (b.version == 0)] for b in batches])
    key = child_seed(5, "real", 0)
    expected = np.concatenate([order.of_pass(key, n) for n in range(4)])
    assert own.tolist() == expected[: own.size].tolist()
    if extra:
        assert own.size == 3 * order.length
    b = data.draw(st.integers(0, len(batches) - 1))
    fresh = Plan(epoch, knots, [SourceSpec("s")], **arguments)
    assert np.array_equal(fresh.batch(b).matrix(), batches[b].matrix())


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


@pytest.mark.parametrize(("samples", "batch"), [(45, 32), (100, 64), (10, 64), (1000, 400)])
def test_laws_hold_far_ahead_at_once(samples: int, batch: int) -> None:
    plan = Plan(Epoch(samples, batch), Knots([Breakpoint(0, 0.1, 0.1)]), [SourceSpec("s")], seed=5)
    for b in range(10**9, 10**9 + 20):
        planned = plan.batch(b)
        for mine in (planned.is_synthetic, ~planned.is_synthetic):
            assert np.unique(planned.index[mine]).size == mine.sum()


@law
@given(
    st.integers(1, 80),
    st.integers(1, 30),
    st.sampled_from(["proportional", "uniform", {0: 1, 5: 3}]),
    st.integers(0, 2**40),
)
def test_generated_samples_do_not_depend_on_the_run_seed(
    pool: int, batch: int, balance: Any, seed: int
) -> None:
    labels = np.arange(60) % 7
    asked, orders = [], []
    for run_seed in (seed, seed + 1):
        plan = Plan(
            Epoch(60, batch),
            Knots([Breakpoint(0, 0.5, 0.5)]),
            [SourceSpec("s", pool=pool)],
            seed=run_seed,
            labels=labels,
            balance=balance,
        )
        mine = plan.synthetic(0, 40 * max(pool, 14))
        orders.append(list(zip(*mine.matrix()[1:].tolist(), strict=True)))
        asked.append(set(orders[-1]))
    assert asked[0] == asked[1]
    assert len(asked[0]) == plan.distinct(0)
    if pool > 40:
        assert orders[0] != orders[1]


@given(st.integers(1, 200), st.integers(1, 40), st.integers(2, 9))
def test_a_world_that_does_not_divide_the_batch_is_refused(
    samples: int, batch: int, world: int
) -> None:
    if batch % world == 0:
        assert Epoch(samples, batch, world).slots == samples
        return
    with pytest.raises(
        PlanError, match=rf"divide among the ranks, got {batch} slots for {world} ranks.*\[SA108\]"
    ):
        Epoch(samples, batch, world)


def test_an_epoch_without_a_batch_is_refused() -> None:
    with pytest.raises(PlanError, match=r"at least one batch, got 5 samples.*\[SA109\]"):
        Epoch(5, 10, 1, drop_last=True)


@law
@given(runs(happens=True))
def test_a_plan_that_was_written_down_is_the_same(run: Run) -> None:
    again = plan_from_state(json.loads(json.dumps(plan_to_state(run.plan))))
    assert again is not None
    for number in range(run.batches):
        assert np.array_equal(again.batch(number).matrix(), run.batch(number))
