from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lightning_synthaug.errors import CacheFull
from lightning_synthaug.store import Store, Verdict
from lightning_synthaug.store.header import name_of
from tests.unit.store.samples import (
    BUDGET,
    filled,
    flip,
    image,
    key,
    named,
    one_file,
    shards,
    text,
    there,
)


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_samples_verdicts_and_tombstones_come_along_and_the_source_stays(tmp_path: Path) -> None:
    source = tmp_path / "source"
    shards(source, range(4), range(4, 8))
    with Store.open(source, byte_budget=BUDGET) as store:
        store.put([named(8, text(8))])
        store.put_verdicts("gate", {key(0): Verdict(True, 0.9), key(1): Verdict(False, 0.1, "bad")})
        store.bury([key(20)], reason="no", attempts=3)
        store.forget([key(7)])
        told = [store.provenance(key(n)) for n in range(9)]
    before = content(source)
    with Store.open(tmp_path / "here", byte_budget=BUDGET) as store:
        seen: list[int] = []
        done = store.merge(source, seen.append)
        assert done == (3, 8, 0, 0, {})
        assert sum(seen) == 3
        assert there(store, range(8)) == list(range(7))
        assert store.get(key(8)) == text(8)
        assert [store.provenance(key(n)) for n in range(9)] == told
        assert store.verdicts("gate", [key(0), key(1)])[key(1)] == (False, 0.1, "bad")
        assert store.tombstones([key(20)])[key(20)] == ("no", 3)
        assert store.verify() == []
        assert store.merge(source) == (0, 0, 3, 0, {})
        store.rebuild()
        assert there(store, range(8)) == list(range(7))
    assert content(source) == before


def test_keys_that_are_here_keep_their_samples(tmp_path: Path) -> None:
    source = tmp_path / "source"
    shards(source, range(4), range(4, 8))
    with Store.open(tmp_path / "here", byte_budget=BUDGET) as store:
        store.put([named(n) for n in range(6)])
        places = store.resolve([key(n) for n in range(6)]).tolist()
        done = store.merge(source)
        assert done[:3] == (1, 2, 1)  # all of the first shard is here
        assert store.resolve([key(n) for n in range(6)]).tolist() == places
        assert there(store, range(8)) == list(range(8))


def test_a_damaged_shard_is_refused_by_name_and_the_others_come(tmp_path: Path) -> None:
    source = tmp_path / "source"
    ids = shards(source, *(range(n, n + 4) for n in range(0, 24, 4)))
    flip(source / f"{name_of(ids[0])}.rows", 10)
    flip(source / f"{name_of(ids[1])}.log", 30)  # the header
    flip(source / f"{name_of(ids[2])}.log", 400)  # the commit
    (source / f"{name_of(ids[3])}.rows").write_bytes(b"short")
    (source / f"{name_of(ids[4])}.rows").unlink()
    (source / f"{name_of(ids[4])}.rows").mkdir()
    with Store.open(tmp_path / "here", byte_budget=BUDGET) as store:
        done = store.merge(source)
        assert set(done.refused) == {name_of(shard) for shard in ids[:5]}
        assert all("SA304" in reason for reason in done.refused.values())
        assert "wrong checksum of row 0" in done.refused[name_of(ids[0])]
        assert done[:2] == (1, 4)
        assert there(store, range(24)) == [20, 21, 22, 23]
    here = {
        path.suffix for path in (tmp_path / "here").iterdir() if path.stem in map(name_of, ids[:5])
    }
    assert not here


def test_a_damaged_row_that_was_taken_out_does_not_matter(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (shard,) = shards(source, range(4))
    flip(source / f"{name_of(shard)}.rows", 10)
    with Store.open(source, byte_budget=BUDGET) as store:
        store.forget(store.verify())
    with Store.open(tmp_path / "here", byte_budget=BUDGET) as store:
        assert store.merge(source) == (1, 3, 0, 0, {})
        assert store.verify() == []
        assert there(store, range(4)) == [1, 2, 3]


def test_a_shard_that_is_being_written_to_comes_the_next_time(tmp_path: Path) -> None:
    source = tmp_path / "source"
    with Store.open(tmp_path / "here", byte_budget=BUDGET) as store:
        with filled(source, 4) as writing:
            assert store.merge(source) == (0, 0, 0, 1, {})
            writing.put([named(4)])
        assert store.merge(source)[:4] == (1, 5, 0, 0)
        assert there(store, range(5)) == list(range(5))


def test_a_shard_of_a_killed_writer_comes_and_is_sealed_here(tmp_path: Path) -> None:
    source, killed = tmp_path / "source", tmp_path / "killed"
    with filled(source, 4):
        shutil.copytree(source, killed)  # what a kill leaves: nobody holds the copy
    log = one_file(killed, "*.log")
    log.write_bytes(log.read_bytes() + b"SAB1torn")
    with Store.open(tmp_path / "here", byte_budget=BUDGET) as store:
        assert store.merge(killed) == (1, 4, 0, 0, {})
        assert there(store, range(4)) == list(range(4))
        (state,) = store._session().index.shards().values()
        assert state.sealed
        assert one_file(tmp_path / "here", "*.rows").stat().st_size == 4 * 80


def test_a_merge_keeps_to_the_budget_and_what_came_stays(tmp_path: Path) -> None:
    source = tmp_path / "source"
    shards(source, range(4), range(4, 8))
    with Store.open(tmp_path / "here", byte_budget=1200) as store:
        with pytest.raises(CacheFull, match="SA306"):
            store.merge(source)
        assert len(there(store, range(8))) == 4
    with Store.open(tmp_path / "here", byte_budget=BUDGET) as store:
        assert store.merge(source)[:3] == (1, 4, 1)
        assert there(store, range(8)) == list(range(8))


def test_verdicts_that_came_later_follow_at_the_next_merge(tmp_path: Path) -> None:
    source = tmp_path / "source"
    with filled(source, 2) as theirs, Store.open(tmp_path / "here", byte_budget=BUDGET) as store:
        theirs.put_verdicts("gate", {key(0): Verdict(True, 0.5)})
        store.merge(source)
        theirs.put_verdicts("gate", {key(0): Verdict(False, 0.1)})
        store.merge(source)
        assert store.verdicts("gate", [key(0)])[key(0)].score == 0.1
        (source / "strange.notes").write_bytes(b"?")
        (source / f"{7:016x}.notes").mkdir()
        assert store.merge(source).refused == {}
    assert image(0) is not None
