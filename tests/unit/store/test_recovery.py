from __future__ import annotations

import json
import os
from contextlib import ExitStack
from pathlib import Path

import pytest

from lightning_synthaug.errors import CacheCorrupt, CacheError
from lightning_synthaug.store import Store, Verdict
from lightning_synthaug.store.header import FORMAT
from lightning_synthaug.store.index import Index
from lightning_synthaug.store.log import MAX_LOG, BlockKind, frame, scan
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


def test_a_file_set_aside_earlier_stays(tmp_path: Path) -> None:
    for _ in range(3):
        (tmp_path / "index.sqlite").write_text("x")
        set_aside_index(tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [f"index.sqlite.damaged{n}" for n in ("", "2", "3")]


def test_a_damaged_shard_is_set_aside_whole(tmp_path: Path) -> None:
    with filled(tmp_path):
        pass
    flip(one_file(tmp_path, "*.log"), 30)
    Store.open(tmp_path, rebuild=True).close()
    assert not list(tmp_path.glob("*.rows"))
    assert one_file(tmp_path, "*.rows.damaged").stat().st_size > 0


def test_only_old_data_files_without_a_log_are_swept(tmp_path: Path) -> None:
    with filled(tmp_path):
        pass
    kept = one_file(tmp_path, "*.rows")
    old, new, other = (tmp_path / f"{name}.rows" for name in ("0" * 16, "1" * 16, "mine"))
    for path in (old, new, other):
        path.write_bytes(b"x" * 100)
    for path in (old, other, kept):
        os.utime(path, (1, 1))
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        assert store.verify() == []
    assert sorted(tmp_path.glob("*.rows")) == sorted([kept, new, other])


def test_of_two_equal_keys_the_one_written_first_wins(tmp_path: Path) -> None:
    """Not the one of the smaller shard: four pairs, so that chance cannot keep the order."""
    with filled(tmp_path, 0) as first, filled(tmp_path, 0) as second:
        for number in range(8):
            one, other = (first, second) if number % 2 else (second, first)
            for store in (one, other):
                with ExitStack() as stack:
                    index = store._session().index
                    stack.callback(
                        index.execute, "DELETE FROM samples"
                    )  # neither knows the other's
                    store.put([sample(number, image(number if store is one else 99))])
    lose_index(tmp_path)
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        assert [store.get(key(n)) for n in range(8)] == [image(n) for n in range(8)]


def test_a_long_journal_of_a_stranger_is_passed_over(tmp_path: Path) -> None:
    with filled(tmp_path, 1) as store:
        store.bury([key(11)], reason="r", attempts=2)
    path = tmp_path / f"{7:016x}.notes"
    path.touch()
    os.truncate(path, MAX_LOG + 1)
    lose_index(tmp_path)
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        assert store.stats().tombstones == 1


@pytest.mark.parametrize("suffix", ["log", "notes", "rows"])
def test_pipes_and_folders_in_place_of_files_hold_nobody_up(tmp_path: Path, suffix: str) -> None:
    for make in (os.mkfifo, os.mkdir):
        folder = tmp_path / make.__name__
        with filled(folder, 3) as store:
            store.bury([key(11)], reason="r", attempts=2)
        path = one_file(folder, f"*.{suffix}")
        path.unlink()
        make(path)
        if suffix == "log":
            with pytest.raises(CacheCorrupt, match="SA304"):
                Store.open(folder)
        with Store.open(folder, byte_budget=BUDGET, rebuild=True) as store:
            lost = 0 if suffix == "notes" else 3
            assert len(store.verify()) == (lost if suffix == "rows" else 0)
            got = store.reader.gather(*store.resolve(KEYS[:3]).T)
            assert int((~got.ok).sum()) == lost
