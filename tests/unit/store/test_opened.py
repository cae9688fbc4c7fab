from __future__ import annotations

import os
import struct
from pathlib import Path

import numpy as np
import pytest

from lightning_synthaug.data.record import Record
from lightning_synthaug.errors import CacheError
from lightning_synthaug.store import opened as module
from lightning_synthaug.store.budget import ShardSize
from lightning_synthaug.store.codec import Encoded, encode
from lightning_synthaug.store.header import log_path, rows_path
from lightning_synthaug.store.log import read_from
from lightning_synthaug.store.opened import VERIFIED, OpenShard
from lightning_synthaug.store.schema import Schema, schema_of
from lightning_synthaug.store.writer import ShardWriter
from tests.unit.store.samples import flip, image, key, text


def written(folder: Path, records: list[Record], *, schema: Schema | None = None) -> ShardWriter:
    schema = schema or schema_of(records[0])
    encoded = encode(schema, records)
    writer = ShardWriter(folder, schema, ShardSize(64, 64 * 1024))
    if not schema.ragged:
        writer.seal()
        writer = ShardWriter(folder, schema, ShardSize(64, 64 * schema.stride))
    writer.append(encoded, [key(i) for i in range(len(records))], b"{}")
    return writer


@pytest.mark.parametrize("make", [image, text])
def test_rows_are_verified_and_read(tmp_path: Path, make: object) -> None:
    records = [make(i) for i in range(5)]  # type: ignore[operator]
    opened = OpenShard(tmp_path, written(tmp_path, records).shard)
    assert [opened.record(i) for i in range(5) if opened.has(i)] == records
    assert not any(opened.has(row) for row in (-1, 5, 63, 64, 2**40))
    opened.close()
    opened.close()


def test_a_later_commit_is_seen(tmp_path: Path) -> None:
    writer = written(tmp_path, [image(0)])
    opened = OpenShard(tmp_path, writer.shard)
    assert opened.has(0)
    assert not opened.has(1)
    writer.append(encode(opened.schema, [image(1)]), [key(1)], b"{}")
    assert opened.has(1)
    writer.seal()
    opened.look()  # the seal gives back what was not used, and nothing that was verified
    assert opened.states[:2].tolist() == [VERIFIED, VERIFIED]
    assert opened.has(1)
    opened.close()


@pytest.mark.parametrize("make", [image, text])
def test_a_truncated_file_is_a_miss_also_under_a_mapping(tmp_path: Path, make: object) -> None:
    records = [make(i) for i in range(5)]  # type: ignore[operator]
    shard = written(tmp_path, records).shard
    opened = OpenShard(tmp_path, shard)
    assert opened.has(4)
    with rows_path(tmp_path, shard).open("r+b") as file:
        file.truncate(40)
    opened.look()
    assert not opened.has(4)
    assert opened.need <= 40
    again = OpenShard(tmp_path, shard)
    assert not again.has(4)
    with rows_path(tmp_path, shard).open("r+b") as file:
        file.truncate(0)
    assert not OpenShard(tmp_path, shard).has(0)


def test_a_damaged_row_is_a_miss_until_it_is_right_again(tmp_path: Path) -> None:
    writer = written(tmp_path, [image(i) for i in range(2)])
    path = rows_path(tmp_path, writer.shard)
    flip(path, 3)
    opened = OpenShard(tmp_path, writer.shard)
    assert not opened.has(0)
    assert opened.has(1)
    flip(path, 3)
    assert opened.has(0)


def test_a_damaged_log_entry_is_a_miss(tmp_path: Path) -> None:
    writer = written(tmp_path, [image(0)])
    flip(log_path(tmp_path, writer.shard), writer.logged - 20)
    assert not OpenShard(tmp_path, writer.shard).has(0)


def test_right_bytes_that_are_no_record_are_a_miss(tmp_path: Path) -> None:
    schema = schema_of({"text": "a"})
    writer = ShardWriter(tmp_path, schema, ShardSize(4, 1000))
    encoded = encode(schema, [Record({"text": "abc"})])
    wrong = encoded._replace(data=memoryview(b"\xff" * len(encoded.data)))
    writer.append(wrong, [key(0)], b"{}")
    opened = OpenShard(tmp_path, writer.shard)
    assert opened.has(0)
    assert opened.record(0) is None


def test_missing_files_and_headers_are_errors_here(tmp_path: Path) -> None:
    writer = written(tmp_path, [image(0)])
    with pytest.raises(OSError, match="No such file"):
        OpenShard(tmp_path, 5)
    flip(log_path(tmp_path, writer.shard), 20)
    with pytest.raises(CacheError, match="SA304"):
        OpenShard(tmp_path, writer.shard)


def test_sizes_that_numpy_cannot_hold_make_no_record(tmp_path: Path) -> None:
    schema = schema_of({"a": np.zeros((2, 2), np.uint8)}).vary()
    row = np.array([0, 2**64 - 1], "<u8").tobytes()
    writer = ShardWriter(tmp_path, schema, ShardSize(64, 1024))
    writer.append(Encoded(memoryview(row), np.array([len(row)])), [key(0)], b"{}")
    opened = OpenShard(tmp_path, writer.shard)
    assert opened.has(0)
    assert opened.record(0) is None
    opened.close()


@pytest.mark.parametrize("suffix", ["rows", "log"])
def test_a_pipe_is_no_shard(tmp_path: Path, suffix: str) -> None:
    shard = written(tmp_path, [image(0)]).shard
    path = rows_path(tmp_path, shard).with_suffix(f".{suffix}")
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(CacheError, match="SA304"):
        OpenShard(tmp_path, shard)


@pytest.mark.parametrize("how", ["another row's", "far beyond the file"])
def test_an_entry_that_is_changed_while_it_is_open_is_a_miss(tmp_path: Path, how: str) -> None:
    writer = written(tmp_path, [text(1), text(2)])
    opened = OpenShard(tmp_path, writer.shard)
    assert [opened.record(i) for i in range(2)] == [text(1), text(2)]
    writer.seal()
    opened.look()
    path = log_path(tmp_path, writer.shard)
    data = bytearray(path.read_bytes())
    at = data.index(key(0))
    far = key(0) + struct.pack("<QII", 1 << 20, 5, 0)
    data[at : at + 32] = far if how == "far beyond the file" else data[at + 32 : at + 64]
    path.write_bytes(data)
    assert opened.record(0) is None
    assert opened.copied(1) is None
    opened.close()


def test_a_log_is_read_again_when_it_has_grown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = written(tmp_path, [image(0)])
    opened = OpenShard(tmp_path, writer.shard)
    path = log_path(tmp_path, writer.shard)
    reads = []

    def counted(log: Path, start: int) -> memoryview:
        reads.append(start)
        return read_from(log, start)

    monkeypatch.setattr(module, "read_from", counted)
    with path.open("ab") as file:
        file.write(bytes(64))  # a torn tail
    assert not any(opened.has(row) for row in range(1, 60))
    assert len(reads) == 1
    with path.open("ab") as file:
        file.write(bytes(8))
    assert not any(opened.has(row) for row in range(1, 60))
    assert len(reads) == 2
    opened.close()


def test_no_more_of_a_file_is_mapped_than_rows_fit_into(tmp_path: Path) -> None:
    records = [image(i) for i in range(3)]
    shard = written(tmp_path, records).shard
    os.truncate(rows_path(tmp_path, shard), 1 << 40)
    opened = OpenShard(tmp_path, shard)
    assert len(opened.view) == 64 * opened.schema.stride
    assert [opened.record(i) for i in range(3)] == records
    opened.close()
