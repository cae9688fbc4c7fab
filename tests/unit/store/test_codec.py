from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest

from lightning_synthaug.data.record import Record
from lightning_synthaug.store.codec import (
    checksums,
    decode_fixed,
    decode_ragged,
    encode,
)
from lightning_synthaug.store.schema import schema_of
from tests.unit.store.samples import image, text


def test_fixed_rows_come_back_as_records() -> None:
    records = [image(i) for i in range(3)]
    schema = schema_of(records[0])
    encoded = encode(schema, records)
    table = np.frombuffer(encoded.data, schema.row_dtype)
    assert [decode_fixed(schema, row) for row in table] == records


def test_padding_is_zero_so_that_equal_records_give_equal_bytes() -> None:
    record = Record({"a": np.ones(3, np.uint8), "b": True})
    assert bytes(encode(schema_of(record), [record]).data) == b"\1\1\1" + bytes(13) + b"\1" + bytes(
        15
    )


def test_ragged_rows_come_back() -> None:
    records = [text(i) for i in range(6)]
    schema = schema_of(records[0])
    encoded = encode(schema, records)
    ends = np.cumsum(encoded.lengths)
    rows = [bytes(encoded.data[a:b]) for a, b in zip([0, *ends], ends, strict=False)]
    assert [decode_ragged(schema, row) for row in rows] == records
    assert checksums(encoded).tolist() == [zlib.crc32(row) for row in rows]


def test_surrogates_bytes_and_arrays_of_any_shape_come_back() -> None:
    record = Record(
        {"t": "\ud800x", "b": b"\0\xff", "a": np.zeros((2, 0, 3)), "f": 0.5, "o": False}
    )
    schema = schema_of(record)
    assert decode_ragged(schema, bytes(encode(schema, [record]).data)) == record


@pytest.mark.parametrize(
    "row", [b"", b"\0" * 7, struct.pack("<Q", 5) + b"abc", struct.pack("<Q", 1) + b"abc"]
)
def test_bytes_that_are_no_row_are_refused(row: bytes) -> None:
    with pytest.raises(ValueError, match=r"buffer|longer"):
        decode_ragged(schema_of({"t": "abc"}), row)
