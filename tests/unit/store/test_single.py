"""One record as bytes."""

from __future__ import annotations

import numpy as np
import pytest

from lightning_synthaug.data import Record
from lightning_synthaug.store import pack_record, unpack_record


@pytest.mark.parametrize(
    "record",
    [
        Record({"image": np.arange(12, dtype=np.uint8).reshape(2, 2, 3), "label": 7}),
        Record({"text": "two\nlines é", "label": -1, "score": 0.5, "kept": True}),
        Record({"wave": np.zeros((0,), np.float32), "raw": b"\x00\n"}),
        Record({"label": 3}),
    ],
)
def test_a_record_comes_back_as_it_was(record: Record) -> None:
    again = unpack_record(pack_record(record))
    assert again == record
    assert again.digest() == record.digest()


@pytest.mark.parametrize("damage", [b"", b"no json\n", b"[]\nxx"])
def test_what_is_no_record_is_an_error(damage: bytes) -> None:
    with pytest.raises(ValueError):
        unpack_record(damage)


def test_a_short_row_is_an_error() -> None:
    data = pack_record(Record({"text": "words", "image": np.zeros((4, 4), np.uint8)}))
    with pytest.raises(ValueError):
        unpack_record(data[:-3])
