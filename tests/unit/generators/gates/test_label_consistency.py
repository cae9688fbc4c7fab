"""What shows another label than asked is refused, and about the stated share of real samples passes."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from lightning_synthaug.data import Record
from lightning_synthaug.errors import ConfigError, GateError
from lightning_synthaug.generators import Request
from lightning_synthaug.generators.gates import LabelConsistency, RealSamples
from tests.helpers.shapes import shapes


def judged(gate: LabelConsistency, records: list[Record], shift: int) -> np.ndarray:
    requests = [Request((int(r["label"]) + shift) % 3, 0) for r in records]  # type: ignore[call-overload]
    return np.array([v.accepted for v in gate.judge(requests, records)])


@pytest.fixture(scope="module")
def gate() -> LabelConsistency:
    gate = LabelConsistency(share=0.95)
    gate.fit(RealSamples.of(shapes(60)))
    return gate


def test_real_samples_pass_and_those_of_other_labels_do_not(gate: LabelConsistency) -> None:
    others = shapes(300, first=1000)
    assert judged(gate, others, 0).mean() > 0.92
    assert judged(gate, others, 1).mean() < 0.05


def test_neighbours_do_not_count_and_a_copy_of_the_gate_judges_alike(
    gate: LabelConsistency,
) -> None:
    others = shapes(30, first=1000)
    together = judged(gate, others, 0)
    assert np.array_equal(together, np.concatenate([judged(gate, [r], 0) for r in others]))
    assert np.array_equal(together, judged(pickle.loads(pickle.dumps(gate)), others, 0))


def test_what_real_samples_do_not_show_is_not_judged(gate: LabelConsistency) -> None:
    (verdict,) = gate.judge([Request(9, 0)], shapes(1))
    assert verdict.accepted


def test_a_threshold_of_the_users_is_kept() -> None:
    gate = LabelConsistency(1.1)
    gate.fit(RealSamples.of(shapes(30)))
    assert not judged(gate, shapes(30), 0).any()


def test_settings_are_told_apart() -> None:
    gates = [LabelConsistency(), LabelConsistency(0.5), LabelConsistency(share=0.9)]
    assert len({g.fingerprint() for g in gates}) == 3


def test_labels_are_needed() -> None:
    unlabelled = [Record({"image": r["image"]}) for r in shapes(9)]
    with pytest.raises(GateError, match=r"two labels at least, got none.*SA453"):
        LabelConsistency().fit(RealSamples.of(unlabelled))
    with pytest.raises(GateError, match=r"got \[1\].*SA453"):
        LabelConsistency().fit(RealSamples.of([r for r in shapes(9) if r["label"] == 1]))
    with pytest.raises(ConfigError, match="SA452"):
        LabelConsistency(share=1.0)
