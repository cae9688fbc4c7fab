from __future__ import annotations

import pytest

from lightning_synthaug.errors import CacheError
from lightning_synthaug.store.provenance import join, split, unpack

BATCH = [{"m": {"a": [1]}, "one": 1, "s": i} for i in range(3)]


def test_what_a_batch_shares_is_written_once() -> None:
    told = split(BATCH)
    assert told.common == '{"m":{"a":[1]},"one":1}'
    assert [join(told.common, own) for own in told.own] == BATCH


@pytest.mark.parametrize("pair", [(1, True), (1, 1.0), (0.0, -0.0), ([1], [True])])
def test_what_only_python_calls_equal_is_kept_apart(pair: tuple[object, object]) -> None:
    told = split([{"x": value} for value in pair])
    assert told.common == "{}"
    assert [repr(join(told.common, own)["x"]) for own in told.own] == [repr(v) for v in pair]


def test_a_part_of_a_batch_comes_back() -> None:
    told = split(BATCH)
    part = unpack(told.pack(1, 3), 2)
    assert [join(part.common, own) for own in part.own] == BATCH[1:]
    assert split([]) == ("{}", [])


@pytest.mark.parametrize("value", [object(), float("nan"), b"bytes", {1, 2}])
def test_what_is_not_json_is_refused(value: object) -> None:
    with pytest.raises(CacheError, match=r"JSON types only, got .*SA308"):
        split([{"x": value}])


@pytest.mark.parametrize(
    "text", [b"", b"[]", b'{"common":{},"own":[]}', b'{"common":1,"own":[{}]}']
)
def test_what_was_not_packed_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"provenance|Expecting"):
        unpack(text, 1)


def test_join_takes_objects_only() -> None:
    with pytest.raises(ValueError, match="object"):
        join("[]", "{}")


def test_provenance_longer_than_a_log_may_be_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lightning_synthaug.store.provenance.MAX_BATCH", 300)
    split([{"a": "x" * 80}] * 50)
    with pytest.raises(CacheError, match=r"at most 300 characters .* got \d+\..*SA308"):
        split([{"a": "x" * 80, "n": n} for n in range(100)])
