from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

from lightning_synthaug.errors import CacheFull
from lightning_synthaug.store import Store
from lightning_synthaug.store import compact as module
from lightning_synthaug.store.writer import ShardWriter
from tests.unit.store.samples import BUDGET, flip, image, key, named, shards, text, there

TINY = [range(i, i + 3) for i in range(0, 30, 3)]


def told(store: Store) -> dict[bytes, tuple[int, dict[str, object]]]:
    """Age and provenance of each sample."""
    return {one.key: (one.at, one.provenance) for one in store.samples()}


def test_small_shards_become_one_with_every_sample_age_and_provenance(tmp_path: Path) -> None:
    shards(tmp_path, *TINY)
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        before, seen = told(store), list[int]()
        done = store.compact(seen.append)
        assert done[:3] == (10, 1, 30)
        assert seen == [3] * 10
        assert there(store, range(30)) == list(range(30))
        assert told(store) == before
        assert store.verify() == []
        assert len(list(tmp_path.glob("*.rows"))) == 1
        assert store.compact()[:3] == (0, 0, 0)  # nothing is left to be done
        store.rebuild()
        assert told(store) == before
        assert there(store, range(30)) == list(range(30))


def test_rows_that_nothing_refers_to_give_their_space_back(tmp_path: Path) -> None:
    shards(tmp_path, range(40))
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        store.forget([key(n) for n in range(30)])
        used = store.used()
        done = store.compact()
        assert done[:3] == (1, 1, 10)
        assert done.freed == used - store.used() > 30 * 80
        assert there(store, range(40)) == list(range(30, 40))
        store.rebuild()
        assert there(store, range(40)) == list(range(30, 40))
        assert store.compact()[:3] == (0, 0, 0)


def test_a_shard_with_nothing_alive_disappears(tmp_path: Path) -> None:
    shards(tmp_path, range(4))
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        store.forget([key(n) for n in range(4)])
        assert store.compact()[:3] == (1, 0, 0)
        assert not [*tmp_path.glob("*.rows"), *tmp_path.glob("*.log")]
        assert store.used() == 0


def test_texts_and_images_are_kept_apart(tmp_path: Path) -> None:
    for start in range(0, 12, 4):
        with Store.open(tmp_path, byte_budget=BUDGET) as store:
            numbers = range(start, start + 4)
            store.put([named(n, text(n) if n % 2 else image(n)) for n in numbers])
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        assert store.compact()[:3] == (6, 2, 12)
        records = [store.get(key(n)) for n in range(12)]
        assert records == [text(n) if n % 2 else image(n) for n in range(12)]


def test_new_shards_are_no_larger_than_the_old_ones_may_be(tmp_path: Path) -> None:
    for start in range(0, 60, 6):
        with Store.open(tmp_path, byte_budget=60_000) as store:  # shards of 16 rows
            store.put([named(n) for n in range(start, start + 6)])
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        assert store.compact()[:3] == (10, 4, 60)
        rows = [state.rows for state in store._session().index.shards().values()]
        assert sorted(rows) == [12, 16, 16, 16]
        assert there(store, range(60)) == list(range(60))
        assert store.compact()[:3] == (0, 0, 0)


def test_damaged_samples_are_left_out_and_told(tmp_path: Path) -> None:
    first, _ = shards(tmp_path, range(4), range(4, 8))
    flip(tmp_path / f"{first:016x}.rows", 85)  # in the second row
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        assert store.verify() == [key(1)]
        done = store.compact()
        assert (done.samples, done.damaged) == (7, 1)
        assert there(store, range(8)) == [0, 2, 3, 4, 5, 6, 7]
        assert store.verify() == []
        assert store.put([named(1)]) == 1


def test_a_shard_that_is_being_written_to_stays(tmp_path: Path) -> None:
    shards(tmp_path, range(3))
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        store.put([named(n) for n in range(3, 6)])
        with Store.open(tmp_path, byte_budget=BUDGET) as other:
            assert other.compact()[:3] == (0, 0, 0)
        store.put([named(6)])
        assert there(store, range(7)) == list(range(7))


def test_what_another_process_takes_out_meanwhile_does_not_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shards(tmp_path, range(3), range(3, 6))
    swap = module._Rewriting._swap

    def forget_first(self: Any, shard: int, moves: list[Any]) -> None:
        with Store.open(tmp_path, byte_budget=BUDGET) as other:
            other.forget([key(1)])
        swap(self, shard, moves)

    monkeypatch.setattr(module._Rewriting, "_swap", forget_first)
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        store.compact()
        assert there(store, range(6)) == [0, 2, 3, 4, 5]
        store.rebuild()
        assert there(store, range(6)) == [0, 2, 3, 4, 5]


def test_a_full_disk_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shards(tmp_path, *TINY)
    append, calls = ShardWriter.append, list[int]()

    def full(*args: Any, **options: Any) -> int:
        calls.append(1)
        if len(calls) > 5:
            raise OSError(errno.ENOSPC, "No space left on device")
        return append(*args, **options)

    with monkeypatch.context() as patch, Store.open(tmp_path, byte_budget=BUDGET) as store:
        patch.setattr(ShardWriter, "append", full)
        with pytest.raises(CacheFull, match="SA306"):
            store.compact()
        assert there(store, range(30)) == list(range(30))
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        store.compact()
        assert there(store, range(30)) == list(range(30))
        assert len(list(tmp_path.glob("*.rows"))) == 1
