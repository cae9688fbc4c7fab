from __future__ import annotations

import numpy as np
import pytest

from lightning_synthaug.store.commit import ENTRY, Commit, pack_commit, parse_commit
from lightning_synthaug.store.header import ShardHeader
from lightning_synthaug.store.schema import schema_of
from tests.unit.store.samples import image, key

SCHEMA = schema_of(image(0))
HEADER = ShardHeader(1, SCHEMA, 10, 10 * SCHEMA.stride)


def commit(first_row: int = 4, count: int = 3) -> Commit:
    entries = np.zeros(count, ENTRY)
    entries["key"] = np.frombuffer(b"".join(key(i) for i in range(count)), "V16")
    entries["offset"] = (first_row + np.arange(count)) * SCHEMA.stride
    entries["length"] = SCHEMA.stride
    return Commit(first_row, 99, entries, b'{"common":{},"own":[]}')


def test_an_entry_takes_32_bytes() -> None:
    assert ENTRY.itemsize == 32


def test_a_commit_comes_back() -> None:
    found = parse_commit(memoryview(pack_commit(commit())), HEADER)
    assert found is not None
    assert (found.first_row, found.stamp, found.provenance) == (4, 99, commit().provenance)
    assert found.keys() == [key(0), key(1), key(2)]


def changed(name: str, number: int) -> Commit:
    one = commit()
    one.entries[name][1] = number
    return one


@pytest.mark.parametrize(
    "bad",
    [
        commit(first_row=8),
        commit(first_row=2**62),
        commit()._replace(stamp=2**63),
        commit()._replace(stamp=2**64 - 1),
        changed("offset", 0),
        changed("offset", 2**64 - 1),
        changed("length", 1),
        changed("length", 2**32 - 1),
    ],
)
def test_a_commit_outside_its_shard_is_refused(bad: Commit) -> None:
    assert parse_commit(memoryview(pack_commit(bad)), HEADER) is None


@pytest.mark.parametrize("cut", [0, 10, 60])
def test_a_short_commit_is_refused(cut: int) -> None:
    assert parse_commit(memoryview(pack_commit(commit())[:cut]), HEADER) is None
