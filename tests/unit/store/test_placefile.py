from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from lightning_synthaug.errors import CacheError
from lightning_synthaug.store.log import BlockKind, frame
from lightning_synthaug.store.placefile import PlaceFile, write_places

IDENTITIES = np.array([2, 3, 5, 1 << 41])
PLACES = np.array([[9, 0], [7, 4], [9, 1], [1 << 62, 0]])
ROWS = {9: 2, 7: 5, 1 << 62: 1}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_places(tmp_path / "a.places", IDENTITIES, PLACES)
    return tmp_path / "a.places"


def test_what_was_written_is_found(path: Path) -> None:
    known = PlaceFile(path, ROWS, [])
    asked = np.array([5, 2, 4, -1, 1 << 41, 3, 1 << 42])
    nowhere = [-1, -1]
    found = [[9, 1], [9, 0], nowhere, nowhere, [1 << 62, 0], [7, 4], nowhere]
    assert known.find(asked).tolist() == found
    assert known.find(asked[:0]).shape == (0, 2)


def test_rows_that_are_not_there_any_more_are_not_found(path: Path) -> None:
    known = PlaceFile(path, {7: 4, 9: 2}, [(9, 1), (8, 0)])
    assert known.find(IDENTITIES).tolist() == [[9, 0], [-1, -1], [-1, -1], [-1, -1]]


def test_an_old_file_is_replaced_and_nothing_is_left_beside_it(path: Path) -> None:
    write_places(path, IDENTITIES[:1], PLACES[:1])
    assert PlaceFile(path, ROWS, []).find(IDENTITIES)[:, 0].tolist() == [9, -1, -1, -1]
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_that_cannot_be_written_to_is_no_error(tmp_path: Path) -> None:
    write_places(tmp_path / "gone" / "a.places", IDENTITIES, PLACES)
    assert not list(tmp_path.iterdir())


def test_a_damaged_byte_is_noticed(path: Path) -> None:
    whole = path.read_bytes()
    noticed = 0
    for at in range(len(whole)):
        data = bytearray(whole)
        data[at] ^= 0x55
        path.write_bytes(data)
        try:
            known = PlaceFile(path, ROWS, [])
        except ValueError:
            noticed += 1
        else:  # a byte between two blocks
            assert known.find(IDENTITIES).tolist() == PLACES.tolist()
    assert noticed > len(whole) * 0.9


@pytest.mark.parametrize("part", [0, 0.01, 0.2, 0.6, 0.99])
def test_a_torn_file_is_noticed(path: Path, part: float) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(ValueError):  # of any kind
        PlaceFile(path, ROWS, [])


@pytest.mark.parametrize(
    ("head", "identities", "cells"),
    [
        (b"[]", [1], [[0, 0]]),
        (b"{", [1], [[0, 0]]),
        (b'{"format": 2, "shards": [9]}', [1], [[0, 0]]),
        (b'{"format": 1, "shards": [true]}', [1], [[0, 0]]),
        (b'{"format": 1, "shards": [-9]}', [1], [[0, 0]]),
        (b'{"format": 1, "shards": [9]}', [1], [[1, 0]]),
        (b'{"format": 1, "shards": [9]}', [1], [[-1, 0]]),
        (b'{"format": 1, "shards": [9]}', [1, 2], [[0, 0]]),
        (b'{"format": 1, "shards": [9]}', [], []),
    ],
)
def test_what_no_store_writes_is_refused(
    tmp_path: Path, head: bytes, identities: list[int], cells: list[list[int]]
) -> None:
    columns = np.array(identities, "<i8"), np.array(cells, "<i4")
    blocks = [frame(BlockKind.HEADER, head)]
    blocks += [frame(BlockKind.PLACES, column.tobytes()) for column in columns]
    (tmp_path / "a").write_bytes(b"".join(blocks))
    with pytest.raises(ValueError):  # of any kind
        PlaceFile(tmp_path / "a", ROWS, [])


def test_a_file_that_is_cut_short_while_it_is_open_tells_nothing(path: Path) -> None:
    known = PlaceFile(path, ROWS, [])
    os.truncate(path, 0)
    assert known.find(IDENTITIES).tolist() == [[-1, -1]] * 4


def test_blocks_are_looked_for_only_where_they_must_be(path: Path) -> None:
    whole = path.read_bytes()
    for some in (bytes(8) + whole, whole + bytes(8), whole + frame(BlockKind.PLACES, b"")):
        path.write_bytes(some)
        with pytest.raises(ValueError, match="such a file"):
            PlaceFile(path, ROWS, [])


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="missing"):
        PlaceFile(tmp_path / "missing", ROWS, [])
    with pytest.raises(CacheError, match="no regular file"):
        PlaceFile(tmp_path, ROWS, [])
