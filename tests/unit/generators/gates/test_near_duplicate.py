"""Copies of training samples and of samples that training must not see are refused, real ones are not."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from lightning_synthaug.data import Record
from lightning_synthaug.errors import GateError
from lightning_synthaug.generators import Request
from lightning_synthaug.generators.gates import NearDuplicate, RealSamples
from tests.helpers.shapes import shapes

REAL = shapes(300)


def judged(gate: NearDuplicate, records: list[Record]) -> tuple[float, set[str]]:
    verdicts = gate.judge([Request(None, 0)] * len(records), records)
    return float(np.mean([v.accepted for v in verdicts])), {v.reason for v in verdicts}


def test_copies_are_refused_and_other_real_samples_pass() -> None:
    gate = NearDuplicate()
    gate.fit(RealSamples.of(REAL))
    assert judged(gate, REAL[:100]) == (0.0, {"copies a training sample"})
    passed, reasons = judged(gate, shapes(300, first=1000))
    assert passed > 0.96
    assert reasons <= {"", "copies a training sample"}


def test_copies_of_what_training_must_not_see_are_named() -> None:
    held_out = [(np.asarray(r["image"]), r["label"]) for r in shapes(30, first=2000)]
    gate = NearDuplicate(against={"validation": held_out})
    gate.fit(RealSamples.of(REAL))
    copies = [Record({"image": image}) for image, _ in held_out]
    assert judged(gate, copies) == (0.0, {"copies a sample of validation"})
    there = pickle.loads(pickle.dumps(gate))
    assert there.against is None
    assert there.fingerprint() == gate.fingerprint()
    assert judged(there, copies)[0] == 0.0
    assert NearDuplicate().fingerprint() != gate.fingerprint()
    other = NearDuplicate(against={"validation": held_out[:-1]})
    assert other.fingerprint() != gate.fingerprint()


def test_a_threshold_of_the_users_is_kept() -> None:
    gate = NearDuplicate(0.0)
    gate.fit(RealSamples.of(REAL))
    assert judged(gate, REAL[:50])[0] == 1.0
    gate = NearDuplicate(1.0)
    gate.fit(RealSamples.of(REAL))
    assert judged(gate, shapes(50, first=1000))[0] == 0.0


def test_few_samples_are_refused() -> None:
    with pytest.raises(GateError, match=r"got 2 of 'training'.*SA447"):
        NearDuplicate().fit(RealSamples.of(REAL[:2]))
