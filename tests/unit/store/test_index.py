from __future__ import annotations

from pathlib import Path

import pytest

from lightning_synthaug.errors import CacheCorrupt
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
