from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from lightning_synthaug.data.record import Record
from lightning_synthaug.store.budget import ShardSize
from lightning_synthaug.store.codec import encode
from lightning_synthaug.store.header import rows_path
from lightning_synthaug.store.joined import JoinedShards
from lightning_synthaug.store.opened import OpenShard
from lightning_synthaug.store.scattered import Scattered
from lightning_synthaug.store.schema import schema_of
from lightning_synthaug.store.writer import ShardWriter
from tests.unit.store.samples import image, key

COUNTS = (5, 3, 7)
SHAPES = ((8, 8), (3, 5, 3), (200, 90, 3))  # the last one is larger than a page


@pytest.fixture(params=SHAPES)
def shape(request: pytest.FixtureRequest) -> tuple[int, ...]:
    chosen: tuple[int, ...] = request.param
    return chosen


@pytest.fixture
def opened(tmp_path: Path, shape: tuple[int, ...]) -> Iterator[list[OpenShard]]:
    """Shards of which every row is verified."""
    shards = []
    for shard, count in enumerate(COUNTS):
        records = [made(shard, row, shape) for row in range(count)]
        schema = schema_of(records[0])
        writer = ShardWriter(tmp_path, schema, ShardSize(8, 8 * schema.stride))
        writer.append(encode(schema, records), [key(row) for row in range(count)], b"{}")
        writer.seal()
        shards.append(OpenShard(tmp_path, writer.shard))
        assert all(shards[-1].has(row) for row in range(count))
    yield shards
    for one in shards:
        one.close()


def made(shard: int, row: int, shape: tuple[int, ...]) -> Record:
    return image(10 * shard + row, shape)


def test_rows_of_all_shards_come_in_the_order_asked(
    opened: list[OpenShard], shape: tuple[int, ...]
) -> None:
    joined = JoinedShards(opened)
    rng = np.random.default_rng(0)
    every = [(shard, row) for shard, count in enumerate(COUNTS) for row in range(count)]
    for count in (1, 2, 40):
        asked = [every[i] for i in rng.integers(0, len(every), count)]
        ids, rows = (np.array(part) for part in zip(*asked, strict=True))
        got = joined.take(np.array([opened[i].shard for i in ids]), rows)
        assert got is not None and got.columns is not None
        assert got.ok.all() and got.ok.shape == (count,)
        for i, (shard, row) in enumerate(asked):
            cut = {name: column[i] for name, column in got.columns.items()}
            assert Record(cut) == made(shard, row, shape)
        pixels = got.columns["image"]
        if not isinstance(pixels, Scattered):
            pixels[:] = 0  # a copy: the next one is right again


def test_what_is_not_known_to_be_right_is_not_touched(opened: list[OpenShard]) -> None:
    joined = JoinedShards(opened)
    first, second, _ = (one.shard for one in opened)
    far = 2**63 - 1
    for row in (-1, -5, 5, 8, 2**40, far, -far - 1):
        assert joined.take(np.array([second, first]), np.array([0, row])) is None
    for shard in (-1, 0, far):
        assert joined.take(np.array([first, shard]), np.array([0, 0])) is None
    opened[1].states[2] = 0
    assert joined.take(np.array([second, second]), np.array([0, 2])) is None
    assert joined.take(np.array([second, second]), np.array([0, 1])) is not None


def test_a_shard_that_was_closed_takes_a_closer_look(opened: list[OpenShard]) -> None:
    joined = JoinedShards(opened)
    shards = np.array([one.shard for one in opened])
    opened[1].close()
    assert joined.take(shards, np.zeros(3, np.int64)) is None
    assert joined.take(shards[::2], np.zeros(2, np.int64)) is not None


def test_a_file_that_was_cut_short_is_not_touched(tmp_path: Path, opened: list[OpenShard]) -> None:
    joined = JoinedShards(opened)
    shards = np.array([one.shard for one in opened])
    assert joined.take(shards, np.zeros(3, np.int64)) is not None
    os.truncate(rows_path(tmp_path, opened[2].shard), 0)
    assert joined.take(shards, np.zeros(3, np.int64)) is None
    assert joined.take(shards[:2], np.zeros(2, np.int64)) is not None
