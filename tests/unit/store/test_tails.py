from __future__ import annotations

from pathlib import Path

from lightning_synthaug.store.provenance import Provenance
from lightning_synthaug.store.tails import keys_in, logs_in, read_tail, state_of, told_in
from tests.unit.store.samples import filled, key, one_file, sample


def test_a_log_tells_what_the_index_says(tmp_path: Path) -> None:
    with filled(tmp_path, 4) as store:
        store.put([sample(4)])
        (state,) = store._session().index.shards().values()
        log = one_file(tmp_path, "*.log")
        tail = read_tail(log, 0)
        assert not tail.sealed
        assert state_of(tail)[:6] == state[:6]
        assert logs_in(tmp_path) == {state.shard: log}
        assert keys_in(tmp_path, state.shard) == {i: key(i) for i in range(5)}
        later = read_tail(log, tail.read_to)
        assert (later.commits, later.read_to) == ([], tail.read_to)
    assert read_tail(log, tail.read_to).sealed
    one_file(tmp_path, "*.rows").unlink()
    assert logs_in(tmp_path) == {}


def test_provenance_that_cannot_be_read_is_empty(tmp_path: Path) -> None:
    with filled(tmp_path, 2):
        pass
    (commit,) = read_tail(one_file(tmp_path, "*.log"), 0).commits
    assert told_in(commit).common == '{"generator":"test"}'
    assert told_in(commit._replace(provenance=b"[")) == Provenance("{}", ["{}", "{}"])
