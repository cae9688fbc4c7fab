from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from lightning_synthaug.data.record import Record
from lightning_synthaug.errors import CacheError, CacheFull, CacheLocked
from lightning_synthaug.store import NewSample, Store, session, tables, writer
from lightning_synthaug.store.holding import is_held
from lightning_synthaug.store.session import Session
from lightning_synthaug.store.tables import connect
from lightning_synthaug.store.tails import read_tail
from tests.unit.store.samples import BUDGET, filled, image, key, one_file, sample, text


def test_one_shard_a_schema_whatever_the_number_of_batches(tmp_path: Path) -> None:
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        for start in range(0, 40, 8):
            numbers = range(start, start + 8)
            store.put([sample(i, text(i) if i % 2 else image(i)) for i in numbers])
        assert store.stats()[:3:2] == (40, 2)
        assert all(store.get(key(i)) == (text(i) if i % 2 else image(i)) for i in range(40))


def test_many_shapes_share_one_ragged_shard(tmp_path: Path) -> None:
    records = [Record({"audio": np.arange(i + 1, dtype=np.int16), "rate": 8000}) for i in range(30)]
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        store.put([sample(i, record) for i, record in enumerate(records)])
        assert store.stats().shards == 9
        assert [store.get(key(i)) for i in range(30)] == records


def test_a_batch_larger_than_a_shard_goes_to_several(tmp_path: Path) -> None:
    with Store.open(tmp_path, byte_budget=64 * 20 * 128) as store:
        assert store.put([sample(i, text(i)) for i in range(1000)]) == 1000
        assert store.stats().shards > 3
        assert store.verify() == []
        assert store.provenance(key(999)) == {"generator": "test", "seed": 999}


def test_nothing_is_written_when_one_sample_is_wrong(tmp_path: Path) -> None:
    wrong = [
        NewSample(b"short", image(1), {}),
        NewSample(key(1), Record({"x": 2**70}), {}),
        NewSample(key(1), image(1), {"x": object()}),
    ]
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        for one in wrong:
            with pytest.raises(CacheError, match=r"SA30[78]"):
                store.put([sample(0), one])
        assert store.stats()[:3] == (0, 0, 0)
        assert not list(tmp_path.glob("*.rows"))


def test_the_budget_is_kept(tmp_path: Path) -> None:
    with Store.open(tmp_path, byte_budget=5000) as store:
        store.put([sample(i) for i in range(10)])
        before = store.stats()
        with pytest.raises(CacheFull, match=r"budget of 5,000 bytes.*SA306"):
            store.put([sample(i) for i in range(10, 50)])
        assert store.stats() == before
        assert store.put([sample(i) for i in range(10)]) == 0


def test_rows_that_another_process_indexed_first_count_as_new(tmp_path: Path) -> None:
    one = Session(tmp_path)
    group = one._encode([sample(0)])[0]
    one._write(group, BUDGET)
    with Store.open(tmp_path, byte_budget=BUDGET) as other:
        assert other.get(key(0)) == image(0)
    assert one._flush() == 1
    one.close()


def test_committed_rows_are_not_lost_when_the_index_was_not_reached(tmp_path: Path) -> None:
    with filled(tmp_path, 1) as store:
        one = store._session()
        one._write(one._encode([sample(1)])[0], BUDGET)
        assert (store.resolve([key(1)]) == -1).all()
        assert store.put([sample(1)]) == 0
        assert store.get(key(1)) == image(1)


@pytest.mark.parametrize("call", [1, 2])
def test_rows_that_an_interrupt_cut_short_are_never_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    """Ctrl-C when data or log are on disk, and nobody was told; another process may have seen them."""
    with filled(tmp_path, 1) as store:
        calls = []

        def sync(fd: int) -> None:
            os.fdatasync(fd)
            calls.append(fd)
            if len(calls) == call:
                raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(writer, "sync", sync)
            with pytest.raises(KeyboardInterrupt):
                store.put([sample(1)])
        with Store.open(tmp_path, byte_budget=BUDGET) as other:
            assert other.get(key(1)) == (image(1) if call == 2 else None)
            assert store.put([sample(2)]) == 1
            for one in (other, store):
                assert one.get(key(1)) == (image(1) if call == 2 else None)
                assert one.get(key(2)) == image(2)
            assert store.put([sample(1)]) == (call == 1)
            assert store.verify() == []


def test_an_interrupted_transaction_swallows_nothing(tmp_path: Path) -> None:
    with filled(tmp_path, 0) as store:
        index = store._session().index
        with pytest.raises(KeyboardInterrupt), index.writing():
            raise KeyboardInterrupt
        store.put([sample(0)])
        with Store.open(tmp_path, byte_budget=BUDGET) as other:
            assert other.resolve([key(0)]).tolist() == store.resolve([key(0)]).tolist()


def test_notes_that_the_index_did_not_take_come_with_the_next_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with filled(tmp_path, 1) as store:
        with monkeypatch.context() as patch:
            # An index that is locked for 30 seconds would take as long.
            patch.setattr(session, "apply_note", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                store.bury([key(7)], reason="first", attempts=1)
        store.bury([key(8)], reason="second", attempts=1)
        assert set(store.tombstones([key(7), key(8)])) == {key(7), key(8)}


def test_files_that_were_deleted_take_nothing_in(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    with filled(folder, 1) as store:
        store.bury([key(8)], reason="r", attempts=1)
        shutil.rmtree(folder)
        for _ in range(2):
            with pytest.raises(CacheError, match=r"deleted while it was open.*SA301"):
                store.put([sample(1)])
        with pytest.raises(CacheError, match=r"deleted while it was open.*SA301"):
            store.bury([key(9)], reason="r", attempts=1)


def test_shards_are_sealed_though_the_index_is_held_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "BUSY_SECONDS", 0.05)
    with filled(tmp_path, 3) as store:
        other = connect(one_file(tmp_path, "*.sqlite"))
        other.execute("BEGIN IMMEDIATE")
        for change in (lambda: store.put([sample(3)]), store.close):
            with pytest.raises(CacheLocked, match="SA305"):
                change()
        other.execute("ROLLBACK")
        other.close()
    log = one_file(tmp_path, "*.log")
    assert not is_held(log)
    assert read_tail(log, 0).sealed
    assert one_file(tmp_path, "*.rows").stat().st_size == 4 * 80
    with Store.open(tmp_path) as store:
        assert [store.get(key(i)) for i in range(4)] == [image(i) for i in range(4)]
