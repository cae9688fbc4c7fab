"""Samples that repeat earlier ones are refused, those that merely show the same are not."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from lightning_synthaug.data import Record
from lightning_synthaug.errors import GateError
from lightning_synthaug.generators import Request
from lightning_synthaug.generators.gates import RealSamples, Repetition, repetition
from tests.helpers.shapes import shapes


def fitted(**arguments: float) -> Repetition:
    gate = Repetition(**arguments)  # type: ignore[arg-type]  # one number by name
    gate.fit(RealSamples.of(shapes(300)))
    return gate


def asked(records: list[Record], first: int = 0, attempt: int = 0) -> list[Request]:
    return [
        Request(int(record["label"]), first + i, attempt=attempt)  # type: ignore[call-overload]
        for i, record in enumerate(records)
    ]


def accepted(gate: Repetition, requests: list[Request], records: list[Record]) -> list[bool]:
    return [v.accepted for v in gate.judge(requests, records)]


def test_what_repeats_an_earlier_sample_is_refused_whatever_batch_it_is_in() -> None:
    gate, new = fitted(), shapes(90, first=1000)
    assert np.mean(accepted(gate, asked(new), new)) > 0.95
    again = gate.judge(asked(new, first=100), new)
    assert {v.reason for v in again} == {"repeats an earlier sample"}
    noisy = [
        Record({"image": np.asarray(r["image"]) ^ np.uint8(1), "label": r["label"]}) for r in new
    ]
    assert not any(accepted(gate, asked(noisy, first=200 - 90), noisy))


def test_the_same_request_does_not_repeat_itself_and_its_next_attempt_may() -> None:
    gate, new = fitted(), shapes(3, first=1000)
    assert accepted(gate, asked(new), new) == [True] * 3
    assert accepted(gate, asked(new), new) == [True] * 3
    assert accepted(gate, asked(new, attempt=1), new) == [False] * 3


def test_blocks_and_labels_and_twins_are_apart() -> None:
    gate = fitted()
    one = [shapes(1, first=1000)[0]]
    first, other = shapes(2, first=50)
    far = [Request(0, 0), Request(0, 256), Request(1, 0)]
    twins = [Request(None, 0, twin=first), Request(None, 0, twin=other)]
    for request in [*far, *twins]:
        assert accepted(gate, [request], one) == [True]
    assert accepted(gate, [Request(None, 0, version=1, twin=first)], one) == [False]
    assert accepted(gate, [Request(0, 255)], one) == [False]


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repetition, "_REMEMBERED", 4)
    gate, one = fitted(), [shapes(1, first=1000)[0]]
    for block in range(6):
        assert accepted(gate, [Request(0, 256 * block)], one) == [True]
    assert accepted(gate, [Request(0, 256 * 5 + 1)], one) == [False]  # still known
    assert accepted(gate, [Request(0, 1)], one) == [True]  # forgotten
    assert sum(len(block) for block in gate._blocks.values()) == gate._remembered <= 4


def test_a_threshold_of_the_users_is_kept_on_the_way_to_another_process() -> None:
    new = shapes(9, first=1000)
    gate = pickle.loads(pickle.dumps(fitted(threshold=1e6)))
    # Of each label the first.
    assert accepted(gate, asked(new), new) == [True] * 3 + [False] * 6


def test_a_fit_needs_two_of_a_label() -> None:
    with pytest.raises(GateError, match=r"got 3 of 3 labels.*SA447"):
        Repetition().fit(RealSamples.of(shapes(3)))
