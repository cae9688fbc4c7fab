from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from lightning_synthaug.errors import CacheCorrupt
from lightning_synthaug.store import Scattered, Store
from lightning_synthaug.store.scattered import Stretch
from tests.unit.store.samples import flip, image, key, sample

SIDE = 130


def scattered() -> Scattered:
    first, second = np.arange(12).reshape(6, 2), np.arange(100, 108).reshape(4, 2)
    return Scattered(
        [
            Stretch(first, np.array([5, 0]), np.array([2, 0])),
            Stretch(second, np.array([1]), np.array([1])),
        ]
    )


def test_rows_are_copied_to_where_they_belong() -> None:
    into = np.zeros((5, 2), np.int64)
    scattered().put(into, np.array([4, 1, 3]))
    assert into.tolist() == [[0, 0], [102, 103], [0, 0], [10, 11], [0, 1]]


def test_one_row_is_a_copy_that_a_record_can_keep() -> None:
    field = scattered()
    assert (field.shape, field.dtype) == ((2,), np.dtype(np.int64))
    assert [field[i].tolist() for i in range(3)] == [[0, 1], [102, 103], [10, 11]]
    assert not field[0].flags.writeable
    assert not np.may_share_memory(field[0], field.stretches[0].values)
    with pytest.raises(IndexError):
        field[3]


def test_large_fields_are_left_in_their_files_and_damaged_rows_out(tmp_path: Path) -> None:
    numbers = list(range(40))
    with Store.open(tmp_path, byte_budget=64 * 10 * SIDE * SIDE) as store:
        store.put([sample(i, image(i, (SIDE, SIDE))) for i in numbers])
        assert store.stats().shards >= 3
        places = store.resolve([key(i) for i in [*numbers, 99]])
        damaged = min(tmp_path.glob("*.rows"))
        flip(damaged, SIDE)
        got = store.reader.gather(places[:, 0], places[:, 1])
        there = [i for i in numbers if got.ok[i]]
        assert len(there) == len(numbers) - 1
        assert not got.ok[-1]
        assert got.columns is not None
        assert np.asarray(got.columns["label"]).tolist() == [i % 10 for i in there]
        pixels = got.columns["image"]
        assert isinstance(pixels, Scattered)
        batch = np.zeros((len(there), SIDE, SIDE), np.uint8)
        pixels.put(batch, np.arange(len(there)))
    # The store is closed, and its files are read no more; what was copied stays.
    for i, ours in zip(there, batch, strict=True):
        assert np.array_equal(ours, image(i, (SIDE, SIDE))["image"])


def test_a_file_that_is_cut_short_before_it_is_copied_is_told_of(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        store.put([sample(i, image(i, (SIDE, SIDE))) for i in range(4)])
        places = store.resolve([key(i) for i in range(4)])
        columns = store.reader.gather(places[:, 0], places[:, 1]).columns
        assert columns is not None
        pixels = columns["image"]
        assert isinstance(pixels, Scattered)
        (path,) = tmp_path.glob("*.rows")
        os.truncate(path, SIDE * SIDE)
        store.reader.gather(places[:, 0], places[:, 1])  # it counts from now on what is there
        batch = np.zeros((4, SIDE, SIDE), np.uint8)
        for copy in (lambda: pixels.put(batch, np.arange(4)), lambda: pixels[3]):
            with pytest.raises(CacheCorrupt, match=r"a moment ago.*SA304"):
                copy()
