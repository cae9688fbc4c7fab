"""The first block of a shard's log: what its rows look like. It must survive alone.

Everything in it is checked against bounds before memory is allocated or viewed with it: the file
may come from someone else.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, final

from lightning_synthaug.errors import CacheError
from lightning_synthaug.store.faults import damaged_shard
from lightning_synthaug.store.log import BlockKind, first_block, frame, open_file
from lightning_synthaug.store.schema import Schema

__all__ = [
    "FORMAT",
    "MAX_ROWS",
    "ShardHeader",
    "header_in",
    "log_path",
    "name_of",
    "newer_format",
    "notes_path",
    "read_header",
    "rows_path",
    "shard_of",
]

FORMAT: Final = 1
MAX_ROWS: Final = 1 << 18  # a reader keeps a byte for each row that a shard may have
MAX_SIZE: Final = 1 << 40
MAX_SHARD: Final = 1 << 63
_HEAD_BYTES: Final = 1 << 20  # no header is longer


@final
@dataclass(frozen=True, slots=True)
class ShardHeader:
    """What a shard's log says about its rows.

    Attributes:
        shard: Shard id, in [0, 2^63).
        schema: Fields of each row.
        rows: Rows that fit at most.
        size: Full length of the data file before it is sealed. Bytes.
    """

    shard: int
    schema: Schema
    rows: int
    size: int

    def block(self) -> bytes:
        """Return the header as the first block of a log."""
        value = {
            "format": FORMAT,
            "shard": name_of(self.shard),
            "rows": self.rows,
            "size": self.size,
            "schema": self.schema.as_json(),
        }
        return frame(BlockKind.HEADER, json.dumps(value).encode())

    @classmethod
    def from_json(cls, text: bytes) -> ShardHeader:
        """Read a header that may have been tampered with.

        Raises:
            CacheError: A later version of the package wrote it.
            ValueError: It is not exactly what `block` writes.
        """
        value = json.loads(text)
        if not isinstance(value, dict) or type(value.get("format")) is not int:
            raise ValueError("header must have a format")
        if value["format"] > FORMAT:
            raise newer_format("shard header", value["format"])
        if set(value) != {"format", "shard", "rows", "size", "schema"} or value["format"] != FORMAT:
            raise ValueError("header must have exactly its five parts")
        rows, size = _whole(value["rows"], MAX_ROWS), _whole(value["size"], MAX_SIZE)
        schema = Schema.from_json(value["schema"])
        if not schema.ragged and size != rows * schema.stride:
            raise ValueError("size must be rows times the length of a row")
        return cls(_shard(value["shard"]), schema, rows, size)


def name_of(shard: int) -> str:
    """Spell a shard id as in file names.

    Example:
        >>> name_of(255)
        '00000000000000ff'
    """
    return f"{shard:016x}"


def shard_of(path: Path) -> int | None:
    """Read the shard id in a file name, None when it has none."""
    try:
        return _shard(path.stem)
    except ValueError:
        return None


def rows_path(folder: Path, shard: int) -> Path:
    """Return the data file of a shard."""
    return folder / f"{name_of(shard)}.rows"


def log_path(folder: Path, shard: int) -> Path:
    """Return the log of a shard."""
    return folder / f"{name_of(shard)}.log"


def notes_path(folder: Path, number: int) -> Path:
    """Return the journal of verdicts and tombstones of one writer."""
    return folder / f"{name_of(number)}.notes"


def read_header(path: Path) -> ShardHeader:
    """Read the header of a shard's log alone.

    Raises:
        CacheCorrupt: The log has no header that a store could have written.
        CacheError: A later version of the package wrote it.
        OSError: The file cannot be read.
    """
    with os.fdopen(open_file(path), "rb") as file:
        data = file.read(_HEAD_BYTES)
    return header_in(path, data)


def header_in(path: Path, data: bytes | memoryview) -> ShardHeader:
    """Find the header at the beginning of a log's content; see `read_header`."""
    try:
        block = first_block(data)
        if block is None or block.kind != BlockKind.HEADER:
            raise ValueError("the first block is not a header")
        header = ShardHeader.from_json(bytes(block.payload))
        if header.shard != shard_of(path):
            raise ValueError("it belongs to another shard")
    except (ValueError, RecursionError) as error:
        raise damaged_shard(path, error) from error
    return header


def newer_format(what: str, version: Any) -> CacheError:
    """Build the error about something that a later version wrote."""
    return CacheError(
        "SA302",
        f"The format of a {what} must be at most {FORMAT}, got {version!r}: a later version of "
        "lightning_synthaug wrote it. Upgrade the package, or choose another cache folder.",
    )


def _whole(value: object, most: int) -> int:
    """Check that a value is an integer in [1, most]."""
    if type(value) is not int or not 1 <= value <= most:
        raise ValueError(f"{value!r} must be an integer in [1, {most}]")
    return value


def _shard(name: object) -> int:
    """Read a shard id, spelled exactly as `name_of` does."""
    if not isinstance(name, str) or len(name) != 16:
        raise ValueError(f"{name!r} must be 16 hexadecimal digits")
    shard = int(name, 16)
    if name_of(shard) != name or shard >= MAX_SHARD:
        raise ValueError(f"{name!r} must be 16 hexadecimal digits below 8000000000000000")
    return shard
