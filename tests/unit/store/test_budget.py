from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from lightning_synthaug.errors import CacheFull, ConfigError
from lightning_synthaug.store.budget import check_room, default_budget, shard_size, valid_budget
from lightning_synthaug.store.header import MAX_ROWS
from lightning_synthaug.store.schema import schema_of

IMAGE = schema_of({"image": np.zeros((32, 32, 3), np.uint8)})
TEXT = schema_of({"text": ""})


def test_shards_are_small_against_the_budget() -> None:
    assert shard_size(IMAGE, byte_budget=64 * 10**6, longest=3072).size <= 10**6
    assert shard_size(TEXT, byte_budget=64 * 10**6, longest=10) == (MAX_ROWS, 10**6)
    assert shard_size(IMAGE, byte_budget=10**15, longest=3072).size <= 256 * 2**20


def test_a_shard_has_room_for_some_rows_and_for_the_longest() -> None:
    assert shard_size(IMAGE, byte_budget=1, longest=3072).rows == 16
    assert shard_size(TEXT, byte_budget=1, longest=10**9).size >= 10**9


def test_tiny_rows_do_not_make_a_shard_of_millions() -> None:
    assert shard_size(schema_of({"x": 1}), byte_budget=10**15, longest=16).rows == MAX_ROWS


def test_the_default_is_a_tenth_of_the_disk_and_20_gb_at_most(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    assert 0 < default_budget(tmp_path, 0) <= min(20 * 10**9, free)
    assert default_budget(tmp_path, 10**13) == 20 * 10**9


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "5GB"])
def test_a_budget_is_a_number_of_bytes(value: object) -> None:
    with pytest.raises(ConfigError, match=r"`byte_budget` must be .* got .*SA310"):
        valid_budget(value)  # type: ignore[arg-type]


def test_growth_above_the_budget_is_refused(tmp_path: Path) -> None:
    check_room(used=5, more=5, byte_budget=10, folder=tmp_path)
    with pytest.raises(CacheFull, match=r"budget of 10 bytes, got 6 bytes and 5 more.*SA306"):
        check_room(used=6, more=5, byte_budget=10, folder=tmp_path)
