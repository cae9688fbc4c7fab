from __future__ import annotations

import multiprocessing
import os
import pickle
import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest

from lightning_synthaug.data.record import Record
from lightning_synthaug.errors import CacheError
from lightning_synthaug.store import ShardReader, Store, joined, opened
from lightning_synthaug.store import reader as module
from tests.unit.store.samples import BUDGET, filled, flip, image, key, one_file, sample, text
from tests.unit.store.samples import shards as written


def places(store: Store, numbers: list[int]) -> tuple[np.ndarray, np.ndarray]:
    found = store.resolve([key(i) for i in numbers])
    return found[:, 0], found[:, 1]


def test_a_batch_comes_in_the_order_asked(tmp_path: Path) -> None:
    with filled(tmp_path) as store:
        for _ in range(2):  # the first time row by row, verifying; then at once
            got = store.reader.gather(*places(store, [7, 3, 3, 0]))
            assert got.ok.all()
            assert got.records is None
            assert got.columns is not None
            assert got.columns["label"].tolist() == [7, 3, 3, 0]
            for pixels, number in zip(got.columns["image"], [7, 3, 3, 0], strict=True):
                assert np.array_equal(pixels, image(number)["image"])
            got.columns["image"][:] = 0  # a copy: the cache stays as it is
        assert store.get(key(7)) == image(7)


def test_misses_are_marked_and_left_out(tmp_path: Path) -> None:
    with filled(tmp_path) as store:
        shards, rows = places(store, [1, 99, 2, 3, 4])
        shards[2], rows[3], rows[4] = 12345, 10**6, -5
        for _ in range(2):
            got = store.reader.gather(shards, rows)
            assert got.ok.tolist() == [True, False, False, False, False]
            assert got.columns is not None
            assert got.columns["label"].tolist() == [1]


def test_nothing_found_is_no_column_and_no_record(tmp_path: Path) -> None:
    reader = ShardReader(tmp_path)
    for shards in ([], [-1, -2, 5]):
        got = reader.gather(shards, [0] * len(shards))
        assert not got.ok.any()
        assert got.columns is None
        assert got.records == ()
    assert reader.read(-1, 0) is None
    assert reader.read(5, 0) is None


def test_several_shards_of_one_schema_make_columns(tmp_path: Path) -> None:
    numbers = list(range(90))
    with Store.open(tmp_path, byte_budget=64 * 20 * 128) as store:
        store.put([sample(i) for i in numbers])
        assert store.stats().shards >= 3
        order = numbers[::-1]
        got = store.reader.gather(*places(store, order))
        assert got.columns is not None
        assert got.columns["label"].tolist() == [i % 10 for i in order]


def test_shards_that_cannot_be_joined_make_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_far_apart(shards: object) -> None:  # mappings at two ends of memory, rows of a gigabyte
        raise ValueError("array is too big")

    monkeypatch.setattr(module, "JoinedShards", too_far_apart)
    with filled(tmp_path) as store:
        got = store.reader.gather(*places(store, [7, 3, 99, 3]))
        assert got.ok.tolist() == [True, True, False, True]
        assert got.columns is None
        assert got.records == (image(7), image(3), image(3))


def test_the_rest_of_a_file_that_was_cut_short_comes_as_columns(tmp_path: Path) -> None:
    with filled(tmp_path, 6) as store:
        shards, rows = places(store, list(range(6)))
        assert store.reader.gather(shards, rows).ok.all()
        stride = 80  # 64 pixels and a label, each padded to 16 bytes
        os.truncate(one_file(tmp_path, "*.rows"), 3 * stride + 5)
        for _ in range(2):
            got = store.reader.gather(shards, rows)
            assert got.ok.tolist() == [True] * 3 + [False] * 3
            assert got.columns is not None
            assert got.columns["label"].tolist() == [0, 1, 2]


def test_several_schemas_and_text_make_records(tmp_path: Path) -> None:
    records = [image(0), text(1), image(2, (4, 4)), text(3)]
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        store.put([sample(i, record) for i, record in enumerate(records)])
        got = store.reader.gather(*places(store, [3, 99, 2, 1, 0]))
        assert got.ok.tolist() == [True, False, True, True, True]
        assert got.columns is None
        assert got.records == (records[3], records[2], records[1], records[0])


def test_it_travels_as_a_path(tmp_path: Path) -> None:
    with filled(tmp_path) as store:
        shards, rows = places(store, [1])
        store.reader.gather(shards, rows)
        other = pickle.loads(pickle.dumps(store.reader))
        assert other.read(int(shards[0]), int(rows[0])) == image(1)
        assert repr(other) == f"ShardReader({str(store.folder)!r})"
        other.close()


def test_it_needs_no_index(tmp_path: Path) -> None:
    with filled(tmp_path) as store:
        shards, rows = places(store, [1])
    for path in tmp_path.glob("index*"):
        path.unlink()
    assert ShardReader(tmp_path).gather(shards, rows).ok.all()


def test_commits_after_opening_are_seen(tmp_path: Path) -> None:
    with filled(tmp_path, 1) as store:
        reader = ShardReader(tmp_path)
        assert reader.gather(*places(store, [0])).ok.all()
        store.put([sample(1)])
        assert reader.gather(*places(store, [0, 1])).ok.all()


def test_a_damaged_row_is_a_miss(tmp_path: Path) -> None:
    with filled(tmp_path, 3) as store:
        shards, rows = places(store, [0, 1, 2])
        flip(one_file(tmp_path, "*.rows"), 1)
        got = store.reader.gather(shards, rows)
        assert got.ok.tolist() == [False, True, True]
        assert store.get(key(0)) is None


def test_few_shards_are_open_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_OPEN", 2)
    with Store.open(tmp_path, byte_budget=64 * 20 * 128) as store:
        store.put([sample(i) for i in range(100)])
        reader = ShardReader(tmp_path)
        for _ in range(3):
            assert reader.gather(*places(store, list(range(100)))).ok.all()
            assert reader.gather(*places(store, [0])).ok.all()
            assert len(reader._here()._shards) <= 2
        reader.close()
        reader.close()


def _read(reader: ShardReader, shards: list[int], rows: list[int], out: object) -> None:
    got = reader.gather(shards, rows)
    out.send(bool(got.ok.all()))  # type: ignore[attr-defined]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_child_opens_its_own_files(tmp_path: Path, method: str) -> None:
    context = multiprocessing.get_context(method)
    with filled(tmp_path) as store:
        shards, rows = (part.tolist() for part in places(store, [0, 5]))
        store.reader.gather(shards, rows)
        here, there = context.Pipe(duplex=False)
        child = context.Process(target=_read, args=(store.reader, shards, rows, there))
        child.start()
        there.close()
        assert here.recv() is True
        child.join()
        assert child.exitcode == 0


def test_a_record_with_every_kind_of_field_comes_back(tmp_path: Path) -> None:
    record = Record(
        {"i": -(2**63), "f": 0.1, "b": True, "e": np.zeros((0, 2)), "c": np.ones(2, "c16")}
    )
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        store.put([sample(0, record)])
        assert store.get(key(0)) == record


@contextmanager
def files_left(count: int) -> Iterator[None]:
    """This process may open so many more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    fd = os.open(os.devnull, os.O_RDONLY)
    os.close(fd)
    resource.setrlimit(resource.RLIMIT_NOFILE, (fd + count, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_nothing_is_a_miss_because_no_file_can_be_opened(tmp_path: Path) -> None:
    with filled(tmp_path, 2) as store:
        reader, later = ShardReader(tmp_path), ShardReader(tmp_path)
        shards, rows = places(store, [0, 1])
        assert later.gather(shards, rows).ok.all()
        store.put([sample(2)])
        more = places(store, [0, 1, 2])
        calls: list[Callable[[], object]] = [
            lambda: reader.gather(shards, rows),
            lambda: reader.read(shards.item(0), 0),
            lambda: later.gather(*more),  # its log has grown
            store.verify,
        ]
        with files_left(0):
            for call in calls:
                with pytest.raises(CacheError, match=r"files and memory left.*SA336"):
                    call()
        assert reader.gather(*more).ok.all()
        assert later.gather(*more).ok.all()
        assert store.verify() == []


def test_a_batch_of_more_shards_than_may_be_open_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_OPEN", 4)
    written(tmp_path, *(range(i, i + 2) for i in range(0, 24, 2)))
    numbers = np.random.default_rng(0).permutation(24).tolist()
    with Store.open(tmp_path) as store:
        found = places(store, [*numbers, 99])
        with files_left(3 * 4 + 5):
            got = ShardReader(tmp_path).gather(*found)
        assert got.ok.tolist() == [True] * 24 + [False]
        assert got.records == tuple(image(i) for i in numbers)


def test_fewer_shards_are_open_where_few_files_may_be(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, soft), hard))
    try:
        assert 3 * ShardReader(tmp_path)._here().most < 256
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def opened_here(path: Path) -> int:
    """How many descriptors this process has of a file."""
    wanted, count = path.stat(), 0
    for fd in range(256):
        with suppress(OSError):
            count += os.path.samestat(os.fstat(fd), wanted)
    return count


def _count(reader: ShardReader, place: list[list[int]], path: Path, out: object) -> None:
    assert reader.gather(*place).ok.all()
    out.send(opened_here(path))  # type: ignore[attr-defined]


def test_a_child_closes_what_it_inherited(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    with filled(tmp_path) as store:
        reader, path = ShardReader(tmp_path), one_file(tmp_path, "*.log")
        place = [part.tolist() for part in places(store, [0, 5])]
        before = opened_here(path)
        reader.gather(*place)
        count = opened_here(path)
        here, there = context.Pipe(duplex=False)
        child = context.Process(target=_count, args=(reader, place, path, there))
        child.start()
        there.close()
        assert here.recv() == count == before + 1
        child.join()
        reader.close()
        assert opened_here(path) == before


@pytest.mark.parametrize("make", [image, text])
@pytest.mark.parametrize("warm", [True, False])
def test_it_may_be_closed_in_the_middle_of_anything(
    tmp_path: Path, make: Callable[[int], Record], warm: bool
) -> None:
    """As by the handler of a signal, which comes between any two lines."""
    files = {module.__file__, joined.__file__, opened.__file__}
    records = tuple(make(i) for i in range(4))
    for some in (range(2), range(2, 4)):
        with Store.open(tmp_path, byte_budget=BUDGET) as store:
            store.put([sample(i, records[i]) for i in some])
    with Store.open(tmp_path) as store:
        found = places(store, list(range(4)))
    reader = ShardReader(tmp_path)
    line = left = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal left
        if frame.f_code.co_filename not in files:
            return None
        left -= event == "line"
        if left == 0:
            left = -1
            reader.close()
        return trace

    before = sys.gettrace()
    while left <= 0:
        if warm:
            reader.gather(*found)
        left = line = line + 1
        sys.settrace(trace)
        try:
            got = reader.gather(*found)
        finally:
            sys.settrace(before)
        assert got.ok.all(), line
        if got.records is None:
            assert got.columns is not None
            assert np.asarray(got.columns["label"]).tolist() == [0, 1, 2, 3]
        else:
            assert got.records == records
        reader.close()
    assert line > 10
