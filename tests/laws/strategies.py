"""Random plans for the laws, and slow references that share no code with the plan."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from lightning_synthaug.plan import (
    Clock,
    Constant,
    Cosine,
    Epoch,
    Exponential,
    Linear,
    Piecewise,
    Plan,
    Schedule,
    Sigmoid,
    SourceSpec,
    Steps,
)

ratios = st.one_of(
    st.sampled_from([0.0, 0.29, 0.5, 0.57, 0.58, 1.0]), st.floats(0, 1, allow_subnormal=False)
)


@st.composite
def times(draw: st.DrawFn) -> str:
    unit, top = draw(st.sampled_from([("%", 100), ("ep", 4), ("ba", 60)]))
    return f"{draw(st.integers(1, top))}{unit}"


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    kind = draw(st.sampled_from([Constant, Linear, Cosine, Sigmoid, Exponential, Steps, Piecewise]))
    if kind is Constant:
        return Constant(draw(ratios))
    if kind in (Steps, Piecewise):
        percents = sorted(draw(st.sets(st.integers(0, 100), min_size=1, max_size=5)))
        return kind([(f"{p}%", draw(ratios)) for p in percents])
    return kind(
        draw(ratios),
        draw(ratios),
        over=draw(times()),
        begin=draw(st.sampled_from(["0%", "1ep", "3ba"])),
    )


@st.composite
def epochs(draw: st.DrawFn, max_samples: int = 300) -> Epoch:
    world = draw(st.integers(1, 4))
    batch = world * draw(st.integers(1, 12))
    samples = draw(st.integers(batch, max_samples))
    return Epoch(samples, batch, world, draw(st.booleans()))


@dataclass
class Run:
    """A plan and all of its slots over a few epochs, concatenated."""

    plan: Plan
    epoch: Epoch
    batches: int
    arrays: np.ndarray

    @property
    def source(self) -> np.ndarray:
        return self.arrays[0]


@st.composite
def runs(
    draw: st.DrawFn,
    *,
    labelled: bool | list[int] | None = None,
    max_epochs: int = 4,
    **options: object,
) -> Run:
    epoch = draw(epochs())
    if isinstance(labelled, list):
        epoch = Epoch(epoch.samples + len(labelled), epoch.batch_size, epoch.world, epoch.drop_last)
    num_epochs = draw(st.integers(1, max_epochs))
    clock = Clock(epoch.slots * num_epochs, epoch.slots, epoch.slot)
    weights = draw(st.lists(st.integers(1, 9), min_size=1, max_size=4))
    reuse = draw(st.one_of(st.none(), st.integers(1, 3)))
    pool = draw(st.one_of(st.none(), st.integers(1, 2 * epoch.samples)))
    sources = [SourceSpec(f"s{i}", w, pool, reuse) for i, w in enumerate(weights)]
    labels = None
    if labelled or (labelled is None and draw(st.booleans())):
        some = st.lists(st.integers(0, 5), min_size=epoch.samples, max_size=epoch.samples)
        labels = np.array(draw(some))
        if isinstance(labelled, list):  # labels that must occur
            labels[: len(labelled)] = labelled[: epoch.samples]
    plan = Plan(
        epoch,
        draw(schedules()).compile(clock),
        sources,
        seed=draw(st.integers(0, 2**63)),
        labels=labels,
        shuffle=draw(st.booleans()),
        **options,
    )
    batches = num_epochs * epoch.batches
    arrays = np.concatenate([plan.batch(b).matrix() for b in range(batches)], axis=1)
    return Run(plan, epoch, batches, arrays)


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
