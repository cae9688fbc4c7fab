"""Damaged, truncated and missing files, full disks: misses and clear errors, never wrong data."""

from __future__ import annotations

import contextlib
import os
import random
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from lightning_synthaug.data.record import Record
from lightning_synthaug.errors import CacheCorrupt, CacheError, CacheFull
from lightning_synthaug.store import NewSample, ShardReader, Store
from tests.unit.store.samples import BUDGET, filled, flip, key, one_file, sample, text

COUNT = 40


def put_two_kinds(folder: Path) -> dict[bytes, Record]:
    records = {key(i): sample(i).record if i % 2 else text(i) for i in range(COUNT)}
    with Store.open(folder, byte_budget=BUDGET) as store:
        store.put([NewSample(k, record, {}) for k, record in records.items()])
    return records


@pytest.mark.parametrize("number", range(30))
def test_a_flipped_bit_anywhere_in_the_data_is_a_miss(tmp_path: Path, number: int) -> None:
    rng = random.Random(number)
    records = put_two_kinds(tmp_path)
    path = rng.choice(sorted(tmp_path.glob("*.rows")))
    offset, bit = rng.randrange(path.stat().st_size), rng.randrange(8)
    flip(path, offset, bit)
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        places = store.resolve(list(records))
        got = store.reader.gather(places[:, 0], places[:, 1])
        assert int((~got.ok).sum()) == 1, f"{path.suffix} {offset} {bit}"
        right = [r for r, ok in zip(records.values(), got.ok, strict=True) if ok]
        assert list(got.records or ()) == right
        (bad,) = store.verify()
        assert store.get(bad) is None
        assert store.forget([bad]) == 1
        assert store.put([NewSample(bad, records[bad], {})]) == 1
        assert all(store.get(k) == record for k, record in records.items())


@pytest.mark.parametrize("number", range(30))
def test_a_flipped_bit_anywhere_in_a_log_is_a_miss_or_an_error(tmp_path: Path, number: int) -> None:
    rng = random.Random(number)
    records = put_two_kinds(tmp_path)
    with Store.open(tmp_path) as store:
        places = store.resolve(list(records))
    path = rng.choice(sorted(tmp_path.glob("*.log")))
    flip(path, rng.randrange(path.stat().st_size), rng.randrange(8))
    reader = ShardReader(tmp_path)
    for (shard, row), record in zip(places.tolist(), records.values(), strict=True):
        assert reader.read(shard, row) in (None, record)
    try:
        with Store.open(tmp_path, byte_budget=BUDGET) as store:
            assert all(store.get(k) in (None, record) for k, record in records.items())
            assert {k for k in records if store.get(k) is None} == set(store.verify())
    except CacheError as error:
        assert error.code == "SA304"
    with Store.open(tmp_path, byte_budget=BUDGET, rebuild=True) as store:
        assert store.verify() == []


@pytest.mark.parametrize("suffix", ["rows", "log"])
def test_files_that_were_cut_or_lost_are_misses(tmp_path: Path, suffix: str) -> None:
    records = put_two_kinds(tmp_path)
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        places = store.resolve(list(records))
        gather = store.reader.gather
        assert gather(*places.T).ok.all()
        for path in tmp_path.glob(f"*.{suffix}"):
            os.truncate(path, path.stat().st_size // 2)
        for reader in (store.reader, ShardReader(tmp_path)):
            got = reader.gather(*places.T)
            right = [r for r, ok in zip(records.values(), got.ok, strict=True) if ok]
            assert list(got.records or ()) == right
            assert suffix == "log" or 0 < got.ok.sum() < COUNT
        for path in tmp_path.glob(f"*.{suffix}"):
            path.unlink()
        assert not ShardReader(tmp_path).gather(*places.T).ok.any()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB; needs the right to mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    command = [mount or "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if mount is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("a file system can only be mounted by root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def big(number: int) -> NewSample:
    pixels = np.random.default_rng(number).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    return NewSample(key(number), Record({"image": pixels, "label": number}), {"n": number})


def fill_up(store: Store) -> int:
    """Put until it fails; how many were stored."""
    for number in range(1000):
        try:
            store.put([big(number)])
        except CacheFull:
            return number
    raise AssertionError("the disk never filled up")


def test_a_full_disk_loses_nothing_and_is_got_over(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(300_000))
    store = Store.open(small_disk, byte_budget=BUDGET)
    stored = fill_up(store)
    assert stored > 5
    for _ in range(3):
        with pytest.raises(CacheFull, match=r"disk must have room.*SA306"):
            store.put([big(stored), big(stored + 1)])
    places = store.resolve([big(i).key for i in range(stored)])
    assert store.reader.gather(*places.T).ok.all()
    assert ShardReader(small_disk).gather(*places.T).ok.all()
    ballast.unlink()
    # The first try may have been committed to the log already; then it is brought in.
    store.put([big(stored), big(stored + 1)])
    expected = [big(i).record for i in range(stored + 2)]
    assert [store.get(big(i).key) for i in range(stored + 2)] == expected
    assert store.verify() == []
    store.close()
    with Store.open(small_disk, byte_budget=BUDGET) as store:
        store.rebuild()
        assert [store.get(big(i).key) for i in range(stored + 2)] == expected


def test_a_disk_that_is_full_at_the_start_is_told(small_disk: Path) -> None:
    with pytest.raises(OSError, match="No space left"):
        (small_disk / "ballast").write_bytes(bytes(2 << 20))
    with pytest.raises(CacheFull, match="SA306"):
        Store.open(small_disk / "cache")


def test_a_file_that_may_not_grow_is_a_full_disk(tmp_path: Path) -> None:
    with filled(tmp_path, 3) as store:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
        try:
            with pytest.raises(CacheFull, match="SA306"):
                store.put([big(9)])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert store.stats().samples == 3
        assert store.put([big(9)]) == 1
        assert store.verify() == []


def test_the_index_file_cut_short_is_told(tmp_path: Path) -> None:
    with filled(tmp_path, 3):
        pass
    os.truncate(one_file(tmp_path, "index.sqlite"), 5000)
    with pytest.raises(CacheError, match="SA303"), Store.open(tmp_path) as store:
        store.stats()
    with Store.open(tmp_path, rebuild=True) as store:
        assert store.stats().samples == 3


def test_importing_the_store_loads_no_torch() -> None:
    code = "import sys, lightning_synthaug.store; sys.exit('torch' in sys.modules)"
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    assert subprocess.run([sys.executable, "-c", code], env=env).returncode == 0


@pytest.mark.parametrize("number", range(30))
def test_a_flipped_bit_anywhere_in_the_index_is_a_miss_or_an_error(
    tmp_path: Path, number: int
) -> None:
    rng = random.Random(number)
    records = put_two_kinds(tmp_path)
    path = one_file(tmp_path, "index.sqlite")
    used = [i for i, byte in enumerate(path.read_bytes()) if byte]
    damage_the_index(tmp_path, records, rng.choice(used), rng.randrange(8))


def test_a_key_out_of_order_is_told_by_verify(tmp_path: Path) -> None:
    records = put_two_kinds(tmp_path)
    path = one_file(tmp_path, "index.sqlite")
    first = min(records)
    flip(path, path.read_bytes().rindex(first), 7)
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        with pytest.raises(CacheCorrupt, match="out of order"):
            store.verify()
        assert all(store.get(k) in (None, record) for k, record in records.items())
    with Store.open(tmp_path, byte_budget=BUDGET, rebuild=True) as store:
        assert store.verify() == []


def damage_the_index(folder: Path, records: dict[bytes, Record], offset: int, bit: int) -> None:
    """Flip one bit; nothing wrong may come of it, and a rebuild must mend it."""
    flip(one_file(folder, "index.sqlite"), offset, bit)
    with contextlib.suppress(CacheCorrupt), Store.open(folder, byte_budget=BUDGET) as store:
        assert all(store.get(k) in (None, record) for k, record in records.items())
        store.put([NewSample(k, record, {}) for k, record in records.items()])
        # A key that was hit may stand where a search does not look: a miss, until `verify` tells.
        assert all(store.get(k) in (None, record) for k, record in records.items())
        # An entry whose key was hit is nobody's: it may be named once, and is gone.
        assert not records.keys() & set(store.verify())
        assert store.verify() == []
        assert all(store.get(k) == record for k, record in records.items())
    with Store.open(folder, byte_budget=BUDGET, rebuild=True) as store:
        assert all(store.get(k) == record for k, record in records.items())
        assert store.verify() == []
