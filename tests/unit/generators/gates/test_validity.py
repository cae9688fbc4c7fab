from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from lightning_synthaug.data import Record
from lightning_synthaug.errors import GateError
from lightning_synthaug.generators.gates.validity import Gauge, Validity
from tests.helpers.samples import reasons, share_accepted


class Novelty(Gauge[float]):
    """How far a number lies from the nearest one learnt: of those learnt from it would be 0."""

    def __init__(self, known: Sequence[float]) -> None:
        self.known = np.array(known)
        self.units = {"far": 1e-6}

    def fault(self, reading: float) -> str:
        return "negative" if reading < 0 else ""

    def measure(self, reading: float) -> dict[str, float]:
        return {"far": float(np.abs(self.known - reading).min())}


class Near(Validity[float]):
    def __init__(self, share: float = 0.95) -> None:
        self.share = share

    def read(self, record: Record) -> float:
        value = record["x"]
        assert isinstance(value, float)
        return value

    def learn(self, readings: Sequence[float]) -> Novelty:
        return Novelty(readings)


def numbers(count: int, seed: int) -> list[Record]:
    drawn = np.random.default_rng(seed).exponential(size=count)
    return [Record({"x": float(x)}) for x in drawn]


def test_samples_are_measured_by_what_was_not_learnt_from_them() -> None:
    # Measured by itself each real number would be at distance 0, and any other far from all.
    for seed in range(3):
        assert 0.9 < share_accepted(Near(), numbers(200, seed), numbers(500, seed + 9)) < 1


def test_a_fault_needs_no_limit_and_has_no_score() -> None:
    gate = Near()
    assert reasons(gate, numbers(50, 0), Record({"x": -1.0}), Record({"x": 99.0})) == [
        "negative",
        "far",
    ]
    refused, far = gate.judge([], [Record({"x": -1.0}), Record({"x": 99.0})])
    assert refused.score is None
    assert far.score is not None
    assert far.score < 0


def test_real_samples_with_a_fault_set_no_limit() -> None:
    broken = [Record({"x": -1e9})] * 30
    assert reasons(Near(), [*numbers(50, 0), *broken], Record({"x": 1e6})) == ["far"]


@pytest.mark.parametrize(
    ("real", "sound"),
    [([], 0), (numbers(9, 0), 9), ([*numbers(9, 0), *[Record({"x": -1.0})] * 9], 9)],
)
def test_a_few_samples_are_too_few(real: list[Record], sound: int) -> None:
    with pytest.raises(GateError, match=rf"needs 10 .*got {sound}\..*SA454"):
        reasons(Near(), real)


@pytest.mark.parametrize("period", [2, 5, 10, 100])
def test_samples_that_come_in_turn_are_measured_by_others_of_their_kind(period: int) -> None:
    # Dealt out one by one, each kind would be measured by all the others, and limits be far off.
    drawn = np.random.default_rng(0).uniform(size=10 * period)
    real = [Record({"x": 1000.0 * (i % period) + float(x)}) for i, x in enumerate(drawn)]
    assert reasons(Near(), real, real[3], Record({"x": 500.0})) == ["", "far"]
