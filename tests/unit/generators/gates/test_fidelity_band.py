"""What looks like real samples passes; noise, malformed samples and copies do not."""

from __future__ import annotations

import numpy as np
import pytest

from lightning_synthaug.data import Record
from lightning_synthaug.errors import ConfigError, GateError
from lightning_synthaug.generators import Request
from lightning_synthaug.generators.gates import FidelityBand, RealSamples
from tests.helpers.shapes import shapes

REAL = shapes(300)


def passed(gate: FidelityBand, records: list[Record], label: int | None = None) -> float:
    verdicts = gate.judge([Request(label, 0)] * len(records), records)
    assert all(v.accepted == (not v.reason) for v in verdicts)
    return float(np.mean([v.accepted for v in verdicts]))


@pytest.fixture(scope="module")
def gate() -> FidelityBand:
    gate = FidelityBand()
    gate.fit(RealSamples.of(REAL))
    return gate


def test_further_real_samples_pass_and_noise_does_not(gate: FidelityBand) -> None:
    assert passed(gate, shapes(300, first=1000)) > 0.96
    noise = np.random.default_rng(0).integers(0, 256, (60, 20, 20), np.uint8)
    for label in range(3):
        assert passed(gate, [Record({"image": n}) for n in noise], label) == 0.0


def test_a_sample_of_another_label_is_far(gate: FidelityBand) -> None:
    bars = [r for r in shapes(90, first=1000) if r["label"] == 1]
    assert passed(gate, bars, 0) < 0.3


def test_what_is_nearer_than_real_samples_is_a_copy() -> None:
    gate = FidelityBand((0.005, 1.0))
    gate.fit(RealSamples.of(REAL))
    twice = FidelityBand((0.005, 1.0))
    twice.fit(RealSamples.of(REAL + REAL))
    assert passed(twice, REAL[:30]) == 0.0
    assert passed(gate, shapes(30, first=1000)) > 0.5


def test_a_label_of_few_samples_is_not_judged() -> None:
    rare = Record({"image": np.zeros((20, 20), np.uint8), "label": 7})
    gate = FidelityBand()
    gate.fit(RealSamples.of([*REAL, rare]))
    (verdict,) = gate.judge([Request(7, 0)], [REAL[0]])
    assert verdict == (True, None, "")


def test_without_labels_all_count_as_of_one() -> None:
    gate = FidelityBand()
    gate.fit(RealSamples.of([Record({"image": r["image"]}) for r in REAL]))
    assert passed(gate, shapes(90, first=1000)) > 0.95


def test_wrong_bands_and_few_samples_are_refused() -> None:
    with pytest.raises(ConfigError, match="SA452"):
        FidelityBand((0.0, np.nan))
    with pytest.raises(GateError, match=r"5 real samples.*got 3.*SA447"):
        FidelityBand().fit(RealSamples.of(REAL[:3]))
