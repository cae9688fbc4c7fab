from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from lightning_synthaug.data import Record
from lightning_synthaug.errors import ConfigError, GateError
from lightning_synthaug.generators import Request
from lightning_synthaug.generators.gates import RealSamples, ScoreGate
from lightning_synthaug.generators.gates.score import Scored


def x(records: list[Record]) -> list[float]:
    return [float(np.asarray(record["x"])) for record in records]


def far_from_label(records: list[Record], *, requests: list[Request]) -> np.ndarray:
    return np.array(
        [
            np.nan if r.label is None else v - r.label
            for v, r in zip(x(records), requests, strict=True)
        ]
    )


def samples(*values: float) -> list[Record]:
    return [Record({"x": float(value)}) for value in values]


def judged(gate: ScoreGate, *values: float, labels: Sequence[int | None] = ()) -> list[str]:
    requests = [Request(label, 0) for label in labels or [None] * len(values)]
    return [v.reason for v in gate.judge(requests, samples(*values))]


def test_a_number_needs_no_real_samples() -> None:
    gate = ScoreGate(x, threshold=3)
    assert not gate.fitted
    gate.fit(RealSamples.of([]))
    assert judged(gate, 2.9, 3.0, np.nan) == ["score too low", "", "no score"]
    assert [v.score for v in gate.judge([Request(None, 0)] * 2, samples(2.5, np.inf))] == [
        2.5,
        None,
    ]
    lower = ScoreGate(x, threshold=3, higher_is_better=False)
    assert judged(lower, 2.9, 3.0, 3.1, np.nan) == ["", "", "score too high", "no score"]
    assert lower.judge([Request(None, 0)], samples(2.5))[0].score == 2.5


@pytest.mark.parametrize("higher", [True, False])
def test_auto_lets_a_share_of_real_samples_pass(higher: bool) -> None:
    gate = ScoreGate(x, share=0.9, higher_is_better=higher)
    assert gate.fitted
    rng = np.random.default_rng(0)
    gate.fit(RealSamples.of(samples(*rng.normal(size=400))))
    passing = judged(gate, *rng.normal(size=1000)).count("") / 1000
    assert 0.86 < passing < 0.94
    assert judged(gate, -9 if higher else 9) != [""]


def test_a_function_may_ask_for_the_requests() -> None:
    gate = ScoreGate(far_from_label, share=0.8)
    records = [record.replace(label=5) for record in samples(*range(5, 15))]
    gate.fit(RealSamples.of(records))  # of real samples the requests are for their own labels
    assert judged(gate, 8, 8, labels=[7, 5]) == ["", ""]
    assert judged(gate, 8, 8, 8, labels=[9, 5, None]) == ["score too low", "", "no score"]


def test_many_samples_go_in_parts_and_in_order() -> None:
    sizes = []

    def counted(records: list[Record]) -> torch.Tensor:
        sizes.append(len(records))
        return torch.tensor(x(records))

    gate = ScoreGate(counted, threshold=-1, identity="counted")
    scores = [v.score for v in gate.judge([Request(None, 0)] * 150, samples(*range(150)))]
    assert scores == list(range(150))
    assert sizes == [64, 64, 22]


def test_it_loads_for_fitting_and_unloads_again() -> None:
    states = []

    class Watched(Scored):
        threshold, share = "auto", 0.5

        def score(self, requests: Sequence[Request], records: Sequence[Record]) -> np.ndarray:
            states.append(self._device)
            return np.array(x(list(records)))

    gate = Watched()
    gate.fit(RealSamples.of(samples(*range(10))))
    assert (states, gate._device) == (["cpu"], None)
    gate.load("meta")
    gate.fit(RealSamples.of(samples(*range(10))))
    assert (states[1], gate._device) == ("meta", "meta")


def test_fingerprint_and_name_follow_the_function() -> None:
    gate = ScoreGate(x)
    assert gate.name == "x"
    assert gate.fingerprint() == ScoreGate(f"{__name__}:x").fingerprint()
    others = [ScoreGate(far_from_label), ScoreGate(x, identity="x-2"), ScoreGate(x, share=0.5)]
    others += [ScoreGate(x, threshold=1), ScoreGate(x, higher_is_better=False)]
    assert len({one.fingerprint() for one in [gate, *others]}) == 6
    assert ScoreGate(x, name="toxicity").name == "toxicity"


def test_what_a_function_must_not_be_or_return() -> None:
    with pytest.raises(ConfigError, match="SA455"):
        ScoreGate(lambda records: x(records))
    with pytest.raises(ConfigError, match="SA452"):
        ScoreGate(x, threshold="high")  # type: ignore[arg-type]
    for wrong in ([1.0], [[1.0], [2.0]], ["a", "b"], None):
        gate = ScoreGate(lambda records, wrong=wrong: wrong, threshold=0, identity="wrong")
        with pytest.raises(GateError, match=r"one number for each of 2 samples, got .*SA456"):
            judged(gate, 1, 2)
