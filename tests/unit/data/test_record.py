from __future__ import annotations

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest

from lightning_synthaug.data import Record
from lightning_synthaug.errors import DataError

IMAGE = np.arange(12, dtype=np.uint8).reshape(3, 4)


def test_fields_cannot_be_changed_from_inside_or_outside() -> None:
    source = IMAGE.copy()
    record = Record({"image": source})
    source[:] = 0
    assert np.array_equal(record["image"], IMAGE)
    with pytest.raises(ValueError, match="read-only"):
        record["image"][0, 0] = 1  # type: ignore[index]
    with pytest.raises(TypeError, match="item assignment"):
        record["image"] = source  # type: ignore[index]


def test_names_and_values_are_gone_through_in_order_and_cannot_be_changed() -> None:
    record = Record({"b": 1, "a": "text"})
    assert list(record.items()) == [("b", 1), ("a", "text")]
    with pytest.raises(TypeError, match="item assignment"):
        record.items().mapping["b"] = 2  # type: ignore[attr-defined]


def test_a_read_only_array_is_taken_over_without_a_copy() -> None:
    source = IMAGE.copy()
    source.flags.writeable = False
    assert Record({"image": source})["image"] is source


def test_numpy_numbers_become_python_numbers() -> None:
    record = Record({"a": np.int64(3), "b": np.float32(0.5), "c": np.array(True), "d": np.uint8(4)})
    assert [type(record[name]) for name in "abcd"] == [int, float, bool, int]


def test_layout_and_byte_order_in_memory_do_not_count() -> None:
    forms = [IMAGE.astype(">u2"), IMAGE.astype("<u2"), np.asfortranarray(IMAGE.astype("u2"))]
    assert len({Record({"image": form}) for form in forms}) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"image": IMAGE, "label": True},
        {"image": IMAGE, "label": 1.0},
        {"image": IMAGE, "label": "1"},
        {"image": IMAGE, "label": b"1"},
        {"image": IMAGE.T.copy(), "label": 1},
        {"image": IMAGE.astype(np.int8), "label": 1},
        {"image": IMAGE.reshape(4, 3), "label": 1},
        {"image": IMAGE, "lable": 1},
        {"image": IMAGE},
    ],
)
def test_whatever_differs_makes_another_record(other: dict[str, object]) -> None:
    record = Record({"image": IMAGE, "label": 1})
    assert record != Record(other)
    assert record.digest() != Record(other).digest()


def test_order_of_fields_does_not_count_and_other_types_are_unequal() -> None:
    assert Record({"a": 1, "b": 2}) == Record({"b": 2, "a": 1})
    assert Record({"a": 1}) != {"a": 1}


def test_the_digest_is_the_same_in_another_process() -> None:
    code = (
        "import numpy as np; from lightning_synthaug.data import Record;"
        "r = Record({'image': np.arange(12, dtype=np.uint8).reshape(3, 4), 'text': 'ä'});"
        "print(r.digest().hex())"
    )
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert made.stdout.strip() == Record({"image": IMAGE, "text": "ä"}).digest().hex()


def test_the_digest_is_the_one_that_caches_hold() -> None:
    # Changing the digest orphans every cached twin; it needs a new format version.
    record = Record(
        {"image": IMAGE, "label": 7, "text": "digit", "score": 0.25, "raw": b"\0", "ok": True}
    )
    assert record.digest().hex() == "be8293589e7edd71021364285bb1a742"


@pytest.mark.parametrize(
    "clone", [copy.copy, copy.deepcopy, lambda r: pickle.loads(pickle.dumps(r))]
)
def test_copies_are_equal_and_still_frozen(clone: object) -> None:
    record = Record({"image": IMAGE, "label": 3})
    twin = clone(record)  # type: ignore[operator]
    assert twin == record
    assert not twin["image"].flags.writeable


def test_an_empty_array_and_an_empty_record_have_digests() -> None:
    assert Record({"a": np.zeros((0, 3))}).digest() != Record({"a": np.zeros((3, 0))}).digest()
    assert len(Record({}).digest()) == 16


def test_repr_shows_fields_in_short() -> None:
    shown = repr(Record({"image": IMAGE, "label": 3, "text": "x" * 100}))
    assert shown.startswith("Record(image: uint8[3, 4], label: 3, text: 'xxx")
    assert len(shown) < 100


@pytest.mark.parametrize(
    "value", [np.array([{}, 1], dtype=object), np.array(["a"]), None, [1, 2], {"a": 1}, object()]
)
def test_other_types_are_refused(value: object) -> None:
    with pytest.raises(DataError, match=r"must be a numeric array, str, bytes.*'field'.*\[SA204\]"):
        Record({"field": value})


@pytest.mark.parametrize("name", ["", 3])
def test_names_must_be_text(name: object) -> None:
    with pytest.raises(DataError, match="Field names of a record must be non-empty strings, got"):
        Record({name: 1})  # type: ignore[dict-item]
