from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lightning_synthaug.data.record import Record
from lightning_synthaug.errors import CacheError, CacheFull
from lightning_synthaug.store import NewSample, Store
from lightning_synthaug.store.session import Session, check_keys
from tests.unit.store.samples import BUDGET, filled, image, key, sample, text


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
    session = Session(tmp_path)
    group = session._encode([sample(0)])[0]
    session._write(group, BUDGET)
    with Store.open(tmp_path, byte_budget=BUDGET) as other:
        assert other.get(key(0)) == image(0)
    assert session._flush() == 1
    session.close()


def test_committed_rows_are_not_lost_when_the_index_was_not_reached(tmp_path: Path) -> None:
    with filled(tmp_path, 1) as store:
        session = store._session()
        session._write(session._encode([sample(1)])[0], BUDGET)
        assert (store.resolve([key(1)]) == -1).all()
        assert store.put([sample(1)]) == 0
        assert store.get(key(1)) == image(1)


@pytest.mark.parametrize("bad", [b"", "k" * 16, b"k" * 17, bytearray(16), None])
def test_keys_are_16_bytes(bad: object) -> None:
    check_keys([key(1)])
    with pytest.raises(CacheError, match=r"must be 16 bytes, got .*SA308"):
        check_keys([bad])  # type: ignore[list-item]
