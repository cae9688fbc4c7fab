from __future__ import annotations

import json
from pathlib import Path

import pytest

from lightning_synthaug.errors import CacheCorrupt, CacheError
from lightning_synthaug.store import Store, Verdict
from lightning_synthaug.store.header import FORMAT
from lightning_synthaug.store.index import Index
from lightning_synthaug.store.log import BlockKind, frame, scan
from lightning_synthaug.store.recovery import (
    catch_up,
    note_journal,
    rebuild,
    set_aside_index,
    verify,
)
from tests.unit.store.samples import BUDGET, filled, flip, image, key, one_file, sample, text

KEYS = [key(i) for i in range(12)]


def lose_index(folder: Path) -> None:
    for path in folder.glob("index*"):
        path.unlink()


def test_a_lost_index_comes_back_at_the_next_opening(tmp_path: Path) -> None:
    with filled(tmp_path) as store:
        store.put([sample(10, text(10))])
        store.bury([key(11)], reason="r", attempts=2)
        store.put_verdicts("g", {key(0): Verdict(False, 0.5, "x")})
        places, stats = store.resolve(KEYS).tolist(), store.stats()
        told = [store.provenance(k) for k in KEYS]
    lose_index(tmp_path)
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        assert store.resolve(KEYS).tolist() == places
        assert [store.provenance(k) for k in KEYS] == told
        assert store.stats().samples == stats.samples
        assert store.tombstones([key(11)])[key(11)] == ("r", 2)
        assert store.verdicts("g", KEYS) == {key(0): (False, 0.5, "x")}
        assert store.rebuild() == store.stats()
        assert store.resolve(KEYS).tolist() == places


def test_rows_that_never_reached_the_index_are_taken_in(tmp_path: Path) -> None:
    with filled(tmp_path) as store:
        store.put([sample(10)])
        index = Index(tmp_path)
        index.execute("DELETE FROM samples WHERE key = ?", (key(10),))
        index.execute("UPDATE shards SET read_to = 0")
        catch_up(index, tmp_path)
        assert (index.locate([key(10)]) >= 0).all()
        index.close()


def test_shards_whose_files_are_gone_leave_the_index(tmp_path: Path) -> None:
    with filled(tmp_path):
        pass
    one_file(tmp_path, "*.rows").unlink()
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        assert store.stats()[:3] == (0, 0, 0)
        assert store.put([sample(0)]) == 1


def test_verify_finds_damage_of_every_kind(tmp_path: Path) -> None:
    with filled(tmp_path) as store:
        assert store.verify() == []
        flip(one_file(tmp_path, "*.rows"), 5)
        assert store.verify() == [key(0)]
        store._session().index.execute("UPDATE samples SET row = 3 WHERE key = ?", (key(4),))
        damaged = store.verify()
        assert damaged == sorted([key(0), key(4)])
        assert store.forget(damaged) == 1  # the entry that named another place is gone already
        assert store.verify() == []
        flip(one_file(tmp_path, "*.log"), 30)
        assert len(verify(store._session().index, tmp_path)) == 8


def test_a_damaged_header_is_told_and_set_aside_on_demand(tmp_path: Path) -> None:
    with filled(tmp_path):
        pass
    flip(one_file(tmp_path, "*.log"), 30)
    with pytest.raises(CacheCorrupt, match=r"rebuild=True.*SA304"):
        Store.open(tmp_path)
    with Store.open(tmp_path, rebuild=True) as store:
        assert store.stats().samples == 0
    assert one_file(tmp_path, "*.log.damaged")


def test_a_shard_of_a_newer_format_is_told(tmp_path: Path) -> None:
    with filled(tmp_path):
        pass
    block = frame(BlockKind.HEADER, json.dumps({"format": FORMAT + 4}).encode())
    one_file(tmp_path, "*.log").write_bytes(block)
    for again in (False, True):
        with pytest.raises(CacheError, match=r"at most 1, got 5.*SA302"):
            Store.open(tmp_path, rebuild=again)


def test_damaged_blocks_cost_their_own_rows_only(tmp_path: Path) -> None:
    with filled(tmp_path, 4) as store:
        store.put([sample(4)])
        store.put([sample(5)])
    path = one_file(tmp_path, "*.log")
    blocks = scan(path.read_bytes())
    flip(path, blocks[1].end + 40)
    lose_index(tmp_path)
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        assert [bool((p >= 0).all()) for p in store.resolve(KEYS[:6])] == [1, 1, 1, 1, 0, 1]
        assert store.get(key(5)) == image(5)


def test_damaged_provenance_does_not_cost_the_sample(tmp_path: Path) -> None:
    with filled(tmp_path, 1):
        pass
    path = one_file(tmp_path, "*.log")
    header, commit = scan(path.read_bytes())[:2]
    payload = bytes(commit.payload).replace(b'"own":[', b'"own":{')
    path.write_bytes(path.read_bytes()[: header.end] + frame(BlockKind.COMMIT, payload))
    lose_index(tmp_path)
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        assert store.get(key(0)) == image(0)
        assert store.provenance(key(0)) == {}


def test_tampered_notes_are_passed_over(tmp_path: Path) -> None:
    with filled(tmp_path) as store:
        store.bury([key(11)], reason="r", attempts=2)
    path = one_file(tmp_path, "*.notes")
    path.write_bytes(frame(BlockKind.NOTE, b'{"what":"drop"}') + path.read_bytes())
    (tmp_path / "other.notes").write_bytes(b"?")
    lose_index(tmp_path)
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        assert store.stats().tombstones == 1


def test_an_index_is_set_aside_whole(tmp_path: Path) -> None:
    index = Index(tmp_path)
    note_journal(index, 3, 100)
    note_journal(index, 3, 50)
    assert index.execute("SELECT * FROM journals") == [(3, 100)]
    rebuild(index, tmp_path)
    assert index.execute("SELECT * FROM journals") == []
    index.close()
    set_aside_index(tmp_path)
    assert one_file(tmp_path, "index*").name == "index.sqlite.damaged"
