from __future__ import annotations

from typing import Any

import pytest

from lightning_synthaug.data import Record
from lightning_synthaug.errors import ConfigError, GateError
from lightning_synthaug.generators import Request
from lightning_synthaug.generators.gates import LengthRatio


def judged(gate: LengthRatio, text: str, twin: str | None = "0123456789") -> Any:
    real = None if twin is None else Record({"text": twin})
    return gate.judge([Request(1, 0, twin=real)], [Record({"text": text})])[0]


def test_the_band_has_two_sides() -> None:
    gate = LengthRatio((0.5, 2.0))
    assert judged(gate, "0123456789") == (True, 1.0, "")
    assert judged(gate, "01234") == (True, 0.5, "")
    assert judged(gate, " 0123 ") == (False, 0.4, "much shorter")
    assert judged(gate, "0" * 21) == (False, 2.1, "much longer")
    assert judged(gate, "0", twin="") == (True, 1.0, "")
    assert judged(gate, "0", twin=None) == (True, None, "")


def test_a_field_of_a_pair_is_measured() -> None:
    twin = Record({"text": "long and longer", "hypothesis": "short"})
    gate = LengthRatio(field="hypothesis")
    made = twin.replace(hypothesis="as short")
    assert gate.judge([Request(1, 0, twin=twin)], [made])[0].score == 8 / 5
    with pytest.raises(GateError, match="SA450"):
        gate.judge([Request(1, 0, twin=twin)], [Record({"text": "a"})])


@pytest.mark.parametrize("band", [(2.0, 0.5), (-1.0, 2.0), (1.0,)])
def test_other_bands_are_refused(band: Any) -> None:
    with pytest.raises(ConfigError, match="SA452"):
        LengthRatio(band)
