from __future__ import annotations

import math

import numpy as np
import pytest

from lightning_synthaug.data import Record
from lightning_synthaug.errors import ConfigError, GateError
from lightning_synthaug.generators.gates import ValidTable
from tests.helpers.samples import reasons, rows, share_accepted

REAL = rows(120)
ONE = rows(1, seed=7)[0]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"age": 130}, "age too high"),
        ({"age": -3}, "age too low"),
        ({"age": 33.5}, "age not whole"),
        ({"size": 300.0}, "size too high"),
        ({"size": math.nan}, "size missing"),
        ({"size": math.inf}, "size missing"),
        ({"size": "tall"}, "size unknown"),
        ({"town": "Oz"}, "town unknown"),
        ({"town": 3}, "town unknown"),
        ({"pulse": 7000.0}, "pulse too high"),
    ],
)
def test_each_fault_is_found_and_named(change: dict[str, object], fault: str) -> None:
    assert reasons(ValidTable(), REAL, ONE, ONE.replace(**change)) == ["", fault]


def test_a_field_that_is_not_there_is_missing() -> None:
    cells = {name: value for name, value in ONE.items() if name != "size"}
    assert reasons(ValidTable(), REAL, Record(cells)) == ["size missing"]


def test_other_sound_rows_pass_and_gaps_that_real_rows_have() -> None:
    assert share_accepted(ValidTable(), REAL, rows(300, seed=2)) >= 0.96
    assert reasons(ValidTable(), REAL, ONE.replace(pulse=math.nan)) == [""]
    without = Record({name: value for name, value in ONE.items() if name != "size"})
    assert reasons(ValidTable(), [*REAL, *[without] * 3], without) == [""]


def test_whole_numbers_are_told_by_what_they_are_not_by_their_type() -> None:
    as_float = [Record({"age": float(np.asarray(r["age"])), "x": 0.0}) for r in REAL]
    found = reasons(
        ValidTable(), as_float, Record({"age": 40.5, "x": 0.0}), Record({"age": 40, "x": 0.001})
    )
    assert found == ["age not whole", ""]


def test_a_field_of_ever_new_words_is_not_judged() -> None:
    named = [row.replace(name=f"No. {i}") for i, row in enumerate(REAL)]
    assert reasons(ValidTable(), named, ONE.replace(name="No. 900")) == [""]
    assert reasons(ValidTable(), named, ONE.replace(name="No. 900", age=400)) == ["age too high"]


def test_the_numbers_of_an_array_are_judged_one_by_one() -> None:
    real = [Record({"x": r}) for r in np.random.default_rng(0).normal((0, 50), 1, (60, 2))]
    found = reasons(ValidTable(), real, Record({"x": np.array([50.0, 50.0])}), real[0])
    assert found == ["x[0] too high", ""]


def test_what_is_no_row_or_no_share_is_refused() -> None:
    with pytest.raises(GateError, match=r"A gate for tables needs.*SA450"):
        reasons(ValidTable(), [Record({"image": np.zeros((4, 4)), "label": 0})] * 20)
    with pytest.raises(ConfigError, match="SA452"):
        ValidTable(share=2.0)
