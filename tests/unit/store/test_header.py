from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lightning_synthaug.errors import CacheCorrupt, CacheError
from lightning_synthaug.store.header import (
    FORMAT,
    ShardHeader,
    header_in,
    log_path,
    name_of,
    newer_format,
    notes_path,
    read_header,
    rows_path,
    shard_of,
)
from lightning_synthaug.store.log import BlockKind, frame, scan
from lightning_synthaug.store.schema import schema_of
from tests.unit.store.samples import image

SCHEMA = schema_of(image(0))
HEADER = ShardHeader(77, SCHEMA, 10, 10 * SCHEMA.stride)


def value() -> dict[str, Any]:
    (block,) = scan(HEADER.block())
    return dict(json.loads(bytes(block.payload)))


def test_a_header_survives_alone(tmp_path: Path) -> None:
    path = log_path(tmp_path, 77)
    path.write_bytes(HEADER.block())
    assert read_header(path) == HEADER


def test_names_of_files() -> None:
    folder = Path("f")
    assert log_path(folder, 255).name == "00000000000000ff.log"
    assert rows_path(folder, 255).name == "00000000000000ff.rows"
    assert notes_path(folder, 255).name == "00000000000000ff.notes"
    assert shard_of(log_path(folder, 2**63 - 1)) == 2**63 - 1
    assert name_of(1) == "0" * 15 + "1"


@pytest.mark.parametrize("name", ["index.log", "ff.log", "+0000000000000ff.log", "f" * 16 + ".log"])
def test_other_names_are_no_shards(name: str) -> None:
    assert shard_of(Path(name)) is None


@pytest.mark.parametrize(
    "change",
    [
        {"rows": 0},
        {"rows": 2**40},
        {"rows": True},
        {"rows": "10"},
        {"size": 7},
        {"size": 2**60},
        {"shard": "00"},
        {"shard": 77},
        {"shard": name_of(78)},
        {"format": 0},
        {"format": "1"},
        {"schema": {}},
        {"extra": 1},
    ],
)
def test_a_tampered_header_is_refused(change: dict[str, object]) -> None:
    block = frame(BlockKind.HEADER, json.dumps(value() | change).encode())
    with pytest.raises(CacheCorrupt, match=r"rebuild=True.*SA304"):
        header_in(log_path(Path("f"), 77), block)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 1000,
        HEADER.block()[:-9],
        frame(BlockKind.NOTE, b"{}"),
        frame(BlockKind.HEADER, b"\xff"),
        frame(BlockKind.HEADER, b"[" * 100_000),
        frame(BlockKind.HEADER, b"[]"),
    ],
)
def test_what_is_no_header_is_refused(data: bytes) -> None:
    with pytest.raises(CacheCorrupt, match="SA304"):
        header_in(log_path(Path("f"), 77), data)


def test_a_newer_format_names_both_versions() -> None:
    block = frame(BlockKind.HEADER, json.dumps({"format": FORMAT + 1}).encode())
    with pytest.raises(CacheError, match=r"at most 1, got 2.*Upgrade.*SA302"):
        header_in(log_path(Path("f"), 77), block)
    assert newer_format("store index", 9).code == "SA302"
