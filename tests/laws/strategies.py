"""Random plans for the laws, and slow references that share no code with the plan."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, final

import numpy as np
from hypothesis import strategies as st

from lightning_synthaug.plan import (
    Clock,
    Constant,
    Cosine,
    Epoch,
    Event,
    Exponential,
    Linear,
    Piecewise,
    Plan,
    RatioChange,
    RealOrder,
    Reshape,
    Schedule,
    Sigmoid,
    SourceSpec,
    Steps,
)
from lightning_synthaug.plan.seeding import Int64Array, hash64

ratios = st.one_of(
    st.sampled_from([0.0, 0.29, 0.5, 0.57, 0.58, 1.0]), st.floats(0, 1, allow_subnormal=False)
)


@st.composite
def times(draw: st.DrawFn, top_percent: int = 100) -> str:
    unit, top = draw(st.sampled_from([("%", top_percent), ("ep", 4), ("ba", 60)]))
    return f"{draw(st.integers(1, top))}{unit}"


@st.composite
def schedules(draw: st.DrawFn, at_most: float = 1.0) -> Schedule:
    """Any schedule whose ratio never exceeds a bound."""
    kind = draw(st.sampled_from([Constant, Linear, Cosine, Sigmoid, Exponential, Steps, Piecewise]))
    some = ratios.map(lambda r: r * at_most)
    if kind is Constant:
        return Constant(draw(some))
    if kind in (Steps, Piecewise):
        percents = sorted(draw(st.sets(st.integers(0, 100), min_size=1, max_size=5)))
        return kind([(f"{p}%", draw(some)) for p in percents])
    options: dict[str, Any] = {}
    if kind is Sigmoid:
        options["steepness"] = draw(st.sampled_from([0.5, 10.0, 100.0]))
    if kind is Exponential:
        options["growth"] = draw(st.sampled_from([0.5, 5.0, 100.0]))
    begin = draw(st.sampled_from(["0%", "20%", "1ep", "3ba"]))
    over = draw(times(top_percent=80))
    return kind(draw(some), draw(some), over=over, begin=begin, **options)


def ramps() -> st.SearchStrategy[Schedule]:
    """Schedules that a formula describes."""
    return schedules().filter(lambda s: not isinstance(s, (Steps, Piecewise)))


@st.composite
def epochs(draw: st.DrawFn, max_samples: int = 120, *, extra: bool = False) -> Epoch:
    """Any epoch: batches larger than the data among them."""
    world = draw(st.integers(1, 4))
    batch = world * draw(st.integers(1, 12))
    drop_last = draw(st.booleans())
    samples = draw(st.integers(batch if drop_last else 1, max_samples))
    more = world * draw(st.integers(1, 6)) if extra else 0
    return Epoch(samples, batch, world, drop_last, more)


@st.composite
def events(draw: st.DrawFn, epoch: Epoch, batches: int) -> tuple[Event, ...]:
    """A few events in order that leave the dataset as it is."""
    numbers = sorted(draw(st.lists(st.integers(0, batches), max_size=3)))
    history: list[Event] = []
    for number in numbers:
        if draw(st.booleans()):
            history.append(RatioChange(number, draw(ratios)))
        else:
            size = epoch.world * draw(st.integers(1, 12))
            history.append(Reshape(number, Epoch(epoch.samples, size, epoch.world)))
    return tuple(history)


@dataclass
class Run:
    """A plan, what it was made from, and all of its slots over a few epochs, concatenated."""

    plan: Plan
    epoch: Epoch
    batches: int
    schedule: Schedule
    labels: np.ndarray | None
    arrays: np.ndarray = field(init=False)
    bounds: list[int] = field(init=False)

    def __post_init__(self) -> None:
        each = [self.plan.batch(b).matrix() for b in range(self.batches)]
        self.arrays = np.concatenate(each, axis=1)
        self.bounds = np.cumsum([0, *(m.shape[1] for m in each)]).tolist()

    @property
    def source(self) -> np.ndarray:
        return self.arrays[0]

    def batch(self, number: int) -> np.ndarray:
        return self.arrays[:, self.bounds[number] : self.bounds[number + 1]]

    def again(self, **changes: Any) -> Plan:
        """Make the plan once more, from its arguments."""
        plan = self.plan
        arguments = {
            "seed": plan.seed,
            "labels": self.labels,
            "balance": plan.balance,
            "shuffle": plan.shuffle,
            "history": plan.history,
            "order": plan.order,
        }
        return Plan(self.epoch, plan.scheduled, plan.sources, **(arguments | changes))


@st.composite
def sources(draw: st.DrawFn, samples: int, present: list[int] | None) -> SourceSpec:
    """One source with any options, that can make one at least of the labels present."""
    weight = draw(st.integers(1, 9))
    pool = draw(st.one_of(st.none(), st.integers(1, 2 * samples)))
    reuse = draw(st.one_of(st.none(), st.integers(1, 3)))
    name = f"s{draw(st.integers(0, 10**6))}"
    kind = draw(st.sampled_from(["any", "any", "some", "items"]))
    if not present or kind == "any":
        return SourceSpec(name, weight, pool, reuse)
    if kind == "some":
        can = draw(st.sets(st.sampled_from(present), min_size=1))
        return SourceSpec(name, weight, pool, reuse, labels=frozenset({*can, 99}))
    items = [draw(st.sampled_from(present)), *draw(st.lists(st.integers(0, 6), max_size=30))]
    return SourceSpec(name, weight, items=np.array(items))


@st.composite
def runs(
    draw: st.DrawFn,
    *,
    labelled: bool | list[int] | None = None,
    max_epochs: int = 4,
    happens: bool = False,
    extra: bool = False,
    plain_sources: bool = False,
    shuffle: bool = False,
    **options: Any,
) -> Run:
    epoch = draw(epochs(extra=extra))
    if isinstance(labelled, list):
        samples = epoch.samples + len(labelled)
        epoch = Epoch(samples, epoch.batch_size, epoch.world, epoch.drop_last, epoch.extra)
    num_epochs = draw(st.integers(1, max_epochs))
    clock = Clock(epoch.slots * num_epochs, epoch.slots, epoch.slot)
    labels = None
    if labelled or (labelled is None and draw(st.booleans())):
        some = st.lists(st.integers(0, 5), min_size=epoch.samples, max_size=epoch.samples)
        labels = np.array(draw(some))
        if isinstance(labelled, list):  # labels that must occur
            labels[: len(labelled)] = labelled[: epoch.samples]
        if labelled is None and "balance" not in options and draw(st.booleans()):
            options["balance"] = "uniform"
    present = None if labels is None else np.unique(labels).tolist()
    if isinstance(labelled, list):
        present = labelled
    specs = draw(
        st.lists(
            sources(epoch.samples, None if plain_sources else present),
            min_size=1,
            max_size=3,
            unique_by=lambda s: s.name,
        )
    )
    fits = epoch.extra / (epoch.batch_size + epoch.extra) if extra else 1.0
    schedule = draw(schedules(fits))
    batches = num_epochs * epoch.batches
    plan = Plan(
        epoch,
        schedule.compile(clock),
        specs,
        seed=draw(st.integers(0, 2**63)),
        labels=labels,
        shuffle=shuffle or draw(st.booleans()),
        history=draw(events(epoch, batches)) if happens else (),
        **options,
    )
    return Run(plan, epoch, batches, schedule, labels)


@final
class FewSamples(RealOrder):
    """A sampler's order: some samples only, with replacement."""

    def __init__(self, support: np.ndarray, length: int) -> None:
        self.support = support
        self.length = length
        self.drawn = 0

    def of_pass(self, key: int, number: int) -> Int64Array:
        self.drawn += 1
        hashes = hash64(key, number * self.length + np.arange(self.length))
        return self.support[(hashes % np.uint64(self.support.size)).astype(np.int64)]

    def equals(self, other: RealOrder) -> bool:
        return self is other

    def fingerprint(self) -> str:
        return f"few {self.support.tolist()}"


def formula_integral(schedule: Schedule, clock: Clock, positions: np.ndarray) -> np.ndarray:
    """Integrate a ramp's documented formula numerically: no knots, none of its code."""
    name = type(schedule).__name__
    if name == "Constant":
        return positions * float(schedule.value)
    first, length = ramp_times(schedule, clock)
    fine = 64
    slots = (np.arange(int(positions.max()) * fine) + 0.5) / fine
    t = np.clip((slots - first) / length, 0, 1)
    if name == "Cosine":
        t = (1 - np.cos(np.pi * t)) / 2
    elif name == "Exponential":
        t = np.expm1(schedule.growth * t) / np.expm1(schedule.growth)
    elif name == "Sigmoid":
        low, at, high = (1 / (1 + np.exp(-schedule.steepness * (u - 0.5))) for u in (0.0, t, 1.0))
        t = (at - low) / (high - low)
    ratio = schedule.start + (schedule.end - schedule.start) * t
    sums = np.concatenate([[0.0], np.cumsum(ratio) / fine])
    return sums[positions * fine]


def ramp_times(schedule: Schedule, clock: Clock) -> tuple[int, int]:
    """Read when a ramp begins and how long it takes, the slow way."""
    assert clock.total_slots is not None
    units = {"%": Fraction(clock.total_slots, 100), "ep": Fraction(clock.epoch_slots)}
    begin, over = (
        (Fraction(text.rstrip("%epba")), text.lstrip("0123456789."))
        for text in (schedule.begin, schedule.over)
    )
    first = (
        clock.slot_of_batch(int(begin[0])) if begin[1] == "ba" else int(begin[0] * units[begin[1]])
    )
    if over[1] != "ba":
        return first, max(1, int(over[0] * units[over[1]]))
    batch = next(n for n in range(first + 1) if clock.slot_of_batch(n) >= first)
    return first, clock.slot_of_batch(batch + int(over[0])) - first


def exact_integral(key: tuple[tuple[int, int, int, int, int], ...], position: int) -> Fraction:
    """Integrate the compiled schedule with fractions, segment by segment, from the ratios alone."""
    total = Fraction(0)
    for i, (start, _, ratio, curvature, length) in enumerate(key):
        end = key[i + 1][0] if i + 1 < len(key) else None
        stop = position if end is None else min(position, end)
        if stop <= start:
            break
        d = Fraction(stop - start)
        # The ratio goes linearly from `ratio` to `ratio + 2 * curvature / length` over the segment's length.
        slope = Fraction(2 * curvature, length) / length
        total += (ratio + ratio + slope * d) / 2 * d
    return total / 2**32


def edf_reference(weights: list[int], count: int) -> list[int]:
    """Serve `count` samples, earliest deadline first, over all samples: no period, no table."""
    total = sum(weights)
    served = [0] * len(weights)
    order = []
    for moment in range(count):
        ready = [j for j, n in enumerate(weights) if served[j] * total // n <= moment]
        best = min(ready, key=lambda j: (-(-(served[j] + 1) * total // weights[j]), j))
        order.append(best)
        served[best] += 1
    return order
