from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from lightning_synthaug.errors import CacheCorrupt, CacheError
from lightning_synthaug.store.index import BURIED, UNKNOWN, Index, Rows, ShardState
from tests.unit.store.samples import key


def rows(shard: int, numbers: range) -> Rows:
    return Rows(shard, list(numbers), [key(i) for i in numbers], "{}", ["{}"] * len(numbers))


def test_thousands_of_keys_are_found(tmp_path: Path) -> None:
    index = Index(tmp_path)
    with index.writing():
        assert index.add(rows(2**63 - 1, range(2000))) == 2000
    found = index.locate([key(i) for i in range(3000)])
    assert found.shape == (3000, 2)
    assert found[:2000, 1].tolist() == list(range(2000))
    assert set(found[:2000, 0].tolist()) == {2**63 - 1}
    assert (found[2000:] == UNKNOWN).all()
    assert index.locate([]).shape == (0, 2)
    assert BURIED != UNKNOWN
    index.close()


def test_a_sample_counts_more_than_that_its_request_was_given_up(tmp_path: Path) -> None:
    index = Index(tmp_path)
    with index.writing():
        index.add(rows(5, range(2)))
        buried = [(key(i), "no", 1, 0) for i in (1, 2)]
        index.execute_many("INSERT INTO tombstones VALUES (?, ?, ?, ?)", buried)
    keys = [key(i) for i in range(4)]
    assert index.locate(keys)[:, 0].tolist() == [5, 5, BURIED, UNKNOWN]
    assert index.places(keys)[:, 0].tolist() == [5, 5, UNKNOWN, UNKNOWN]
    index.close()


def test_the_first_of_two_equal_keys_stays(tmp_path: Path) -> None:
    index = Index(tmp_path)
    with index.writing():
        assert index.add(rows(1, range(3))) == 3
        assert index.add(rows(2, range(2, 5))) == 2
    assert index.locate([key(i) for i in range(5)])[:, 0].tolist() == [1, 1, 1, 2, 2]
    index.close()


def test_several_changes_happen_together_or_not(tmp_path: Path) -> None:
    index, other = Index(tmp_path), Index(tmp_path)
    with pytest.raises(ZeroDivisionError), index.writing(), index.writing():
        index.add(rows(1, range(3)))
        raise ZeroDivisionError
    assert (other.locate([key(0)]) == UNKNOWN).all()
    with index.writing():
        index.add(rows(1, range(3)))
        assert (other.locate([key(0)]) == UNKNOWN).all()
    assert other.locate([key(0)])[0, 0] == 1
    index.close()
    other.close()


def test_what_is_known_of_a_shard_never_goes_backwards(tmp_path: Path) -> None:
    index = Index(tmp_path)
    late = ShardState(5, "{}", 10, 100, 1000, True, 3)
    for state in (late, ShardState(5, "{}", 2, 20, 200, False, 3)):
        index.note_shard(state)
    assert index.shards() == {5: late}
    index.add(rows(5, range(3)))
    index.drop_shards([5])
    assert index.shards() == {}
    assert (index.locate([key(0)]) == UNKNOWN).all()
    index.close()


@pytest.mark.parametrize("value", ["'text'", "x'ff'", "1.5e300"])
def test_a_place_that_is_no_number_is_told(tmp_path: Path, value: str) -> None:
    index = Index(tmp_path)
    index.add(rows(1, range(1)))
    index.execute(f"UPDATE samples SET shard = {value}")
    with pytest.raises(CacheCorrupt, match="SA303"):
        index.locate([key(0)])
    index.close()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE shards SET read_to = 'x'",
        "UPDATE shards SET read_to = -5",
        "UPDATE shards SET bytes = 9e999",
        "UPDATE shards SET schema = x'00'",
        "UPDATE samples SET shard = '../../etc'",
        "INSERT INTO samples VALUES ('abc', 1, 1, 1, 1, '{}')",
        "INSERT INTO samples VALUES (x'00', 1, 1, 1, 1, '{}')",
    ],
)
def test_values_of_other_types_are_told(tmp_path: Path, change: str) -> None:
    index = Index(tmp_path)
    index.note_shard(ShardState(1, "{}", 1, 1, 1, False, 1))
    index.add(rows(1, range(1)))
    assert index.rows_of(1) == [(key(0), 0)]
    index.execute(change)
    with pytest.raises(CacheCorrupt, match="SA303"):
        index.shards(), index.rows_of(1), index.read("SELECT DISTINCT shard FROM samples", int)
    index.close()


def test_an_entry_that_points_elsewhere_leaves(tmp_path: Path) -> None:
    index = Index(tmp_path)
    index.add(rows(1, range(4)))
    index.execute("UPDATE samples SET row = 2 WHERE key = ?", (key(1),))
    index.execute("UPDATE samples SET shard = 3 WHERE key = ?", (key(2),))
    index.execute("UPDATE samples SET key = ? WHERE key = ?", (key(9), key(3)))
    keys = [key(i) for i in (0, 1, 2, 3, 9, 0)]
    assert index.locate(keys)[:, 1].tolist() == [0, -1, -1, -1, -1, 0]
    assert index.add(rows(1, range(4))) == 3
    assert index.locate(keys)[:, 1].tolist() == [0, 1, 2, 3, -1, 0]
    index.close()


def test_a_closed_index_says_so(tmp_path: Path) -> None:
    index = Index(tmp_path)
    index.close()
    index.close()
    with pytest.raises(CacheError, match=r"must be open.*SA309"):
        index.execute("SELECT 1")


def test_a_connection_is_never_carried_across_a_fork(tmp_path: Path) -> None:
    index = Index(tmp_path)
    before = index._connection
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # other tests left threads
        child = os.fork()
    if child == 0:
        good = index._connection is None and index.lock.acquire(blocking=False)
        os._exit(0 if good else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert index._connection is None
    index.add(rows(1, range(1)))
    assert index._connection is not before
    index.close()


FORKS = """
import os, sys, threading
from pathlib import Path
from lightning_synthaug.store import index

def forks():
    for turn in range(5000):  # what happens before and after a fork, and now and then a real one
        if turn % 500:
            index._before_fork()
            index._after_fork()
        elif not (child := os.fork()):
            os._exit(0)
        else:
            os.waitpid(child, 0)

def used():  # by a thread that holds no lock yet
    for one in indexes:
        one.execute("SELECT 1")
    print("used", flush=True)

sys.setswitchinterval(1e-6)
indexes = [index.Index(Path(sys.argv[1]) / str(i)) for i in range(2)]
threads = [threading.Thread(target=forks, daemon=True) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join(20)
    assert not thread.is_alive()
other = threading.Thread(target=used, daemon=True)
other.start()
other.join(10)
"""


def test_several_threads_may_fork_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", FORKS, str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (ran.stdout, ran.stderr) == ("used\n", "")
