"""Records to bytes and back, without pickle.

Fixed rows are one structured array. A ragged row begins with a table of 8-byte little-endian
integers (for an array its sizes, for text and bytes the length, for a compressed array both), followed
by the contents.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from lightning_synthaug.data.record import Record, Value
from lightning_synthaug.store.pictures import RAW, PictureCodec, decode_picture
from lightning_synthaug.store.schema import PICTURES, SCALARS, Field, Schema

__all__ = ["Encoded", "checksums", "decode_fixed", "decode_ragged", "encode"]

_WORD: Final = np.dtype("<u8")


class Encoded(NamedTuple):
    """Rows of one schema as bytes.

    Attributes:
        data: All rows, one after the other. Bytes.
        lengths: Length of each row. Shape `(n,)`, bytes.
    """

    data: memoryview
    lengths: npt.NDArray[np.int64]


def encode(schema: Schema, records: Sequence[Record], pictures: PictureCodec = RAW) -> Encoded:
    """Turn records of one schema into bytes.

    Args:
        schema: The schema of every record.
        records: Records, at least one.
        pictures: Writes the fields that the schema calls pictures.

    Returns:
        Rows in the order of the records; padding is zero, so that equal records give equal bytes.
    """
    if schema.ragged:
        rows = [_encode_ragged(schema, record, pictures) for record in records]
        return Encoded(memoryview(b"".join(rows)), np.array([len(row) for row in rows], np.int64))
    table = np.zeros(len(records), dtype=schema.row_dtype)
    for i, field in enumerate(schema.fields):
        column = table[f"f{i}"]
        for row, record in enumerate(records):
            column[row] = record[field.name]
    data = table.view(np.uint8).reshape(-1).data
    return Encoded(data, np.full(len(records), schema.stride, np.int64))


def checksums(encoded: Encoded) -> npt.NDArray[np.uint32]:
    """Compute crc32 over each row, padding included. Shape `(n,)`."""
    ends = np.cumsum(encoded.lengths).tolist()
    starts = [0, *ends[:-1]]
    pairs = zip(starts, ends, strict=True)
    return np.array([zlib.crc32(encoded.data[a:b]) for a, b in pairs], np.uint32)


def decode_fixed(schema: Schema, row: npt.NDArray[np.void]) -> Record:
    """Turn one fixed row (a structured array of shape `()`) into a record."""
    fields: dict[str, Value] = {}
    for i, field in enumerate(schema.fields):
        value = row[f"f{i}"]
        fields[field.name] = _frozen(value) if field.kind == "array" else value.item()
    return Record(fields)


def decode_ragged(schema: Schema, data: bytes) -> Record:
    """Turn the bytes of one ragged row into a record.

    Raises:
        ValueError: The bytes are not a row of this schema.
    """
    width = sum(_words(field) for field in schema.fields)
    table = np.frombuffer(data, _WORD, count=width).tolist()
    fields: dict[str, Value] = {}
    at, word = _WORD.itemsize * width, 0
    for field in schema.fields:
        numbers = table[word : word + _words(field)]
        word += len(numbers)
        size = _size(field, numbers)
        if size > len(data) - at:
            raise ValueError(f"field {field.name!r} is longer than its row")
        fields[field.name] = _value(field, numbers, data[at : at + size])
        at += size
    if at != len(data):
        raise ValueError("row is longer than its fields")
    return Record(fields)


def _encode_ragged(schema: Schema, record: Record, pictures: PictureCodec) -> bytes:
    """Encode one ragged row."""
    words: list[int] = []
    parts: list[bytes] = []
    for field in schema.fields:
        value = record[field.name]
        picture = field.kind in PICTURES
        part = pictures.encode(cast("Any", value)) if picture else _content(field, value)
        if field.kind == "array" or picture:
            words.extend(cast("npt.NDArray[Any]", value).shape)
        if field.kind != "array" and field.kind not in SCALARS:
            words.append(len(part))
        parts.append(part)
    return b"".join([np.array(words, _WORD).tobytes(), *parts])


def _content(field: Field, value: Value) -> bytes:
    """Encode one field of a ragged row without its sizes."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")  # a lone surrogate must not lose the batch
    if isinstance(value, bytes):
        return value
    return np.asarray(value, dtype=field.dtype).tobytes()


def _words(field: Field) -> int:
    """Count the integers that a field has in the table of a ragged row."""
    return field.dims + int(field.kind != "array" and field.kind not in SCALARS)


def _size(field: Field, numbers: list[int]) -> int:
    """Count the bytes of one field of a ragged row; Python integers, so nothing wraps round."""
    if not field.dtype or field.kind in PICTURES:
        return numbers[-1]
    size = np.dtype(field.dtype).itemsize
    for number in numbers:
        size *= number
    return size


def _value(field: Field, numbers: list[int], content: bytes) -> Value:
    """Decode one field of a ragged row."""
    if field.kind == "text":
        return content.decode("utf-8", "surrogatepass")
    if field.kind == "bytes":
        return content
    if field.kind in PICTURES:
        return decode_picture(field.kind, numbers[:-1], content)
    array = np.frombuffer(content, field.dtype)
    return _frozen(array.reshape(numbers)) if field.kind == "array" else cast("Value", array.item())


def _frozen(view: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Copy an array out of its row; read-only, so that `Record` keeps it without another copy."""
    array = np.array(view, order="C")
    array.flags.writeable = False
    return array
