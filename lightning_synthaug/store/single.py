"""One record as bytes by itself, for a way between processes."""

from __future__ import annotations

import json

import numpy as np

from lightning_synthaug.data.record import Record
from lightning_synthaug.store.codec import decode_fixed, decode_ragged, encode
from lightning_synthaug.store.schema import Schema, schema_of

__all__ = ["pack_record", "unpack_record"]


def pack_record(record: Record) -> bytes:
    """Write a record.

    Args:
        record: Any record.

    Returns:
        Its schema in a line of JSON, then its row as in a shard.

    Example:
        >>> unpack_record(pack_record(Record({"text": "yes", "label": 1})))
        Record(text: 'yes', label: 1)
    """
    schema = schema_of(record)
    return schema.text.encode() + b"\n" + bytes(encode(schema, [record]).data)


def unpack_record(data: bytes) -> Record:
    """Read what `pack_record` wrote; no code in it can run.

    Args:
        data: The bytes.

    Returns:
        The record.

    Raises:
        ValueError: They are something else.
    """
    head, _, row = data.partition(b"\n")
    schema = Schema.from_json(json.loads(head))
    if schema.ragged:
        return decode_ragged(schema, row)
    return decode_fixed(schema, np.frombuffer(row, schema.row_dtype, count=1)[0])
