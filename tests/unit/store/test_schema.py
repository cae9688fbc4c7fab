from __future__ import annotations

import json

import numpy as np
import pytest

from lightning_synthaug.errors import CacheError
from lightning_synthaug.store.schema import Field, Schema, schema_of

LABEL = ["label", "int", "<i8", [], 0]
IMAGE = ["image", "array", "|u1", [2, 3], 2]


def test_fixed_rows_are_aligned_and_survive_json() -> None:
    record = {"a": np.zeros((3,), np.uint8), "b": 1.5, "c": np.zeros((2, 2), np.complex128)}
    schema = schema_of(record)
    assert not schema.ragged
    assert schema.stride == 16 + 16 + 64
    assert Schema.from_json(json.loads(schema.text)) == schema
    assert hash(Schema.from_json(json.loads(schema.text))) == hash(schema)


def test_text_makes_a_schema_ragged() -> None:
    schema = schema_of({"text": "a", "mask": np.zeros((2, 2), bool)})
    assert schema.ragged
    assert schema.stride == 0
    assert schema.fields[1] == Field("mask", "array", "|b1", None, 2)
    assert Schema.from_json(json.loads(schema.text)) == schema
    assert schema != "schema"


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (np.array(["a"]), "dtype <U1"),
        (np.array([object()]), "dtype object"),
        (np.zeros(2, np.longdouble), "dtype"),
        (2**63, "the integer 9223372036854775808"),
        (None, "NoneType"),
    ],
)
def test_what_cannot_be_stored_is_named(value: object, what: str) -> None:
    with pytest.raises(CacheError, match=rf"got .*{what}.*in field 'x'.*\[SA307\]"):
        schema_of({"x": value})


@pytest.mark.parametrize("name", ["x" * 257, "", "half \ud800"])
def test_a_name_that_no_header_may_have_is_refused(name: str) -> None:
    with pytest.raises(CacheError, match="SA307"):
        schema_of({name: 1})


def test_a_record_with_too_many_fields_is_refused() -> None:
    with pytest.raises(CacheError, match=r"at most .* 256 fields.*SA307"):
        schema_of({f"f{i}": i for i in range(257)})


@pytest.mark.parametrize(
    "fields",
    [
        "no list",
        [["label", "int", "<i8", []]],
        [["label", "int", "<i4", [], 0]],
        [["label", "object", "|O", [], 0]],
        [["image", "array", "|O", [1], 1]],
        [["image", "array", "O", [1], 1]],
        [["image", "array", "|V8", [1], 1]],
        [["image", "array", "<f8,<f8", [1], 1]],
        [["image", "array", "|u1", [-1], 1]],
        [["image", "array", "|u1", [True], 1]],
        [["image", "array", "|u1", [2.0], 1]],
        [["image", "array", "|u1", [2**31], 1]],
        [["image", "array", "|u1", [2**20, 2**20], 2]],
        [["image", "array", "|u1", [2**30, 2**30, 2**30], 3]],
        [["image", "array", "|u1", [2], 3]],
        [["image", "array", "|u1", [1] * 40, 40]],
        [["image", "array", "|u1", None, 1]],
        [["image", "array", "|u1", "ab", 2]],
        [["image", "array", "|u1", [2], "1"]],
        [["text", "text", "", None, 0]],
        [["image", "array", "|u1", [0, 2**31 - 1, 2**31 - 1], 3]],
        [["", "int", "<i8", [], 0]],
        [["half \ud800", "int", "<i8", [], 0]],
        [["x" * 300, "int", "<i8", [], 0]],
        [[1, "int", "<i8", [], 0]],
        [LABEL, LABEL],
        [["label", ["int"], "<i8", [], 0]],
        [IMAGE] * 300,
    ],
)
def test_a_tampered_schema_is_refused(fields: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        Schema.from_json({"ragged": False, "fields": fields})


@pytest.mark.parametrize("value", [[], {"ragged": 1, "fields": []}, {"fields": []}, None])
def test_what_is_no_schema_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="schema"):
        Schema.from_json(value)
