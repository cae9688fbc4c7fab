from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lightning_synthaug.errors import CacheError
from lightning_synthaug.store import Store, Tombstone, Verdict
from lightning_synthaug.store.header import notes_path
from lightning_synthaug.store.log import BlockKind, frame
from lightning_synthaug.store.notebook import GateCount, Notebook
from lightning_synthaug.store.notes import forget_note
from tests.unit.store.samples import filled, key, one_file, sample


def test_it_is_a_half_of_the_store() -> None:
    assert issubclass(Store, Notebook)
    with pytest.raises(TypeError, match="abstract"):
        Notebook()  # type: ignore[abstract]


def test_buried_requests_are_told_apart_until_they_are_made(tmp_path: Path) -> None:
    with filled(tmp_path, 2) as store:
        store.bury([key(1), key(5)], reason="always black", attempts=3)
        store.bury([], reason="", attempts=0)
        assert store.resolve([key(5), key(6)]).tolist() == [[-2, -2], [-1, -1]]
        assert store.resolve([key(1)])[0, 0] >= 0
        assert store.tombstones([key(5), key(6)]) == {key(5): Tombstone("always black", 3)}
        assert store.put([sample(5)]) == 1
        assert store.get(key(5)) is not None


def test_verdicts_are_kept_by_gate(tmp_path: Path) -> None:
    with filled(tmp_path, 2) as store:
        store.put_verdicts("a", {key(0): Verdict(True, 0.9), key(1): Verdict(False, None, "no")})
        store.put_verdicts("b", {key(0): Verdict(False)})
        store.put_verdicts("a", {key(0): Verdict(False, 0.2, "second thought")})
        store.put_verdicts("a", {})
        found = store.verdicts("a", [key(i) for i in range(3)])
        assert found == {
            key(0): Verdict(False, 0.2, "second thought"),
            key(1): Verdict(False, None, "no"),
        }
        assert store.verdicts("c", [key(0)]) == {}


def test_forgotten_samples_are_made_again_and_do_not_come_back(tmp_path: Path) -> None:
    with filled(tmp_path, 3) as store:
        assert store.forget([key(1), key(9)]) == 1
        assert store.forget([key(1)]) == 0
        store.rebuild()
        assert store.resolve([key(1)]).tolist() == [[-1, -1]]
        assert store.put([sample(1)]) == 1
        place = store.resolve([key(1)]).tolist()
        store.rebuild()
        assert store.resolve([key(1)]).tolist() == place


def test_keys_are_checked(tmp_path: Path) -> None:
    with filled(tmp_path, 1) as store:
        with pytest.raises(CacheError, match=r"16 bytes, got b'short'.*SA308"):
            store.bury([b"short"], reason="", attempts=1)
        with pytest.raises(CacheError, match="SA308"):
            store.put_verdicts("g", {"k" * 16: Verdict(True)})  # type: ignore[dict-item]


def test_gates_are_summed_up_over_the_samples_that_are_here(tmp_path: Path) -> None:
    with filled(tmp_path, 3) as store:
        assert store.gates() == []
        said = {key(0): Verdict(True, 0.9), key(1): Verdict(False, 0.3), key(9): Verdict(True, 0.1)}
        store.put_verdicts("b", said)
        store.put_verdicts("a", {key(2): Verdict(True)})
        assert store.gates() == [
            GateCount("a", 1, 0, None, None, None),
            GateCount("b", 1, 1, 0.3, pytest.approx(0.6), 0.9),
        ]


@pytest.mark.parametrize("row", [-5, 2**18, 2**40])
def test_a_journal_that_was_tampered_with_makes_nothing_unknown(tmp_path: Path, row: int) -> None:
    with filled(tmp_path, 3) as store:
        places = store.resolve([key(i) for i in range(3)])
        store.remember("name", np.arange(3), places)
        # It may have been taken in by an earlier version, and no rebuilding forgets what is forgotten.
        index = store._session().index
        index.execute("INSERT INTO forgotten VALUES (?, ?)", (places.item(0), row))
        index.execute("INSERT INTO forgotten VALUES (?, 1)", (places.item(0),))
    note = forget_note([(key(9), places.item(0), row)])
    block = frame(BlockKind.NOTE, json.dumps(note).encode())
    notes_path(tmp_path, 5).write_bytes(block)
    with Store.open(tmp_path) as store:
        known = store.recall("name")
        assert known is not None
        assert known.find(np.arange(3))[:, 1].tolist() == [0, -1, 2]


def test_places_whose_head_is_nested_without_end_are_as_none(tmp_path: Path) -> None:
    with filled(tmp_path, 1) as store:
        store.remember("name", np.arange(1), store.resolve([key(0)]))
        path = one_file(tmp_path, "*.places")
        column = frame(BlockKind.PLACES, np.zeros(1, "<i8").tobytes())
        path.write_bytes(frame(BlockKind.HEADER, b"[" * 200_000) + column + column)
        assert store.recall("name") is None
