"""The stream of today is the stream of tomorrow: digests over 3,000 planned batches.

A change here changes every user's runs in mid-flight. It needs a new `PLAN_VERSION` and a line in the changelog.
Regenerate with `python -m tests.golden.test_plan_digests`.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from lightning_synthaug.plan import (
    PLAN_VERSION,
    Clock,
    Constant,
    Cosine,
    Epoch,
    Linear,
    Piecewise,
    Plan,
    RatioChange,
    Schedule,
    Sigmoid,
    SourceSpec,
    rank_rows,
)

FILE = Path(__file__).with_name("plan_digests.json")
BATCHES = 3000


def _plan(epoch: Epoch, schedule: Schedule, sources: list[SourceSpec], **options: object) -> Plan:
    clock = Clock(epoch.slot(BATCHES), epoch.slots, epoch.slot)
    return Plan(epoch, schedule.compile(clock), sources, **options)  # type: ignore[arg-type]


def configurations() -> dict[str, Plan]:
    labels = (np.arange(1003) ** 2 * 7919 % 11).astype(np.int64)
    three = [
        SourceSpec("a", 3),
        SourceSpec("b", 1, pool=97, reuse=3),
        SourceSpec("c", 2, labels=frozenset({0, 7, 8})),
    ]
    return {
        "constant 0.29": _plan(Epoch(1003, 32), Constant(0.29), [SourceSpec("gan")], seed=1),
        "constant 0.57, three sources, labels": _plan(
            Epoch(1003, 48, world=4, drop_last=True), Constant(0.57), three, seed=2, labels=labels
        ),
        "constant 0.58, uniform": _plan(
            Epoch(1003, 64, world=2),
            Constant(0.58),
            [SourceSpec("gan", pool=500, reuse=2)],
            seed=3,
            labels=labels,
            balance="uniform",
        ),
        "linear, 2^30 + 1 samples": _plan(
            Epoch(2**30 + 1, 512),
            Linear(0.0, 0.5, over="40%"),
            [SourceSpec("gan", pool=10**6)],
            seed=2**63,
        ),
        "cosine, weights by label, in order": _plan(
            Epoch(1003, 20),
            Cosine(0.6, 0.1, over="3ep", begin="10ba"),
            [SourceSpec("gan"), SourceSpec("set", items=labels[:300])],
            seed=5,
            generation_seed=9,
            labels=labels,
            balance={0: 1, 8: 3.5},
            shuffle=False,
        ),
        "sigmoid, steep and short": _plan(
            Epoch(50, 10),
            Sigmoid(0.0, 0.8, over="7ba", steepness=60.0),
            [SourceSpec("gan")],
            seed=8,
        ),
        "piecewise with an event": _plan(
            Epoch(90, 40),
            Piecewise([("0%", 0.0), ("30%", 0.9), ("100%", 0.2)]),
            [SourceSpec("gan", reuse=1)],
            seed=6,
            history=[RatioChange(1500, 0.75)],
        ),
    }


def digest(plan: Plan) -> str:
    state = hashlib.blake2b(digest_size=16)
    for number in range(BATCHES):
        planned = plan.batch(number)
        state.update(np.ascontiguousarray(planned.matrix(), dtype="<i8").tobytes())
        for rank in range(plan.epoch.world):
            rows = rank_rows(planned.is_synthetic, rank, plan.epoch.world)
            state.update(np.ascontiguousarray(rows, dtype="<i8").tobytes())
    return state.hexdigest()


@pytest.mark.parametrize("name", list(configurations()))
def test_the_stream_has_not_changed(name: str) -> None:
    known = json.loads(FILE.read_text())
    assert known["plan_version"] == PLAN_VERSION
    assert digest(configurations()[name]) == known["digests"][name]


if __name__ == "__main__":
    digests = {name: digest(plan) for name, plan in configurations().items()}
    FILE.write_text(json.dumps({"plan_version": PLAN_VERSION, "digests": digests}, indent=2) + "\n")
