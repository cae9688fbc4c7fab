from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.filling import Counted
from lightning_synthaug.mixing.ledgerfile import LedgerFile, ledger_path, read_lines
from lightning_synthaug.mixing.ledgertrack import Track
from lightning_synthaug.plan import pack_bits, pack_integers
from tests.helpers.ledgers import Writer, plan_with


def line(first: int, *slots: int, world: int = 1) -> dict[str, Any]:
    """Batches of 8 rows, so many of them synthetic, all served."""
    return {
        "kind": "batches",
        "first": first,
        "world": world,
        "rows": pack_integers(np.full(len(slots), 8)),
        "planned": pack_integers(np.array(slots)),
    }


def track(folder: Path, *lines: dict[str, Any]) -> Track:
    file = LedgerFile(ledger_path(folder, 0))
    file.append(lines)
    file.close()
    return Track.read(file.path)


def spans(found: Track) -> list[tuple[int, int, int]]:
    return [(s.first, s.start, s.stop) for s in found.stretches]


def test_later_lines_take_the_place_of_what_they_overlap(tmp_path: Path) -> None:
    found = track(tmp_path, line(0, 1, 2, 3), line(3, 4, 5), line(4, 6), line(2, 7))
    assert spans(found) == [(0, 0, 2), (2, 2, 3)]
    assert found.stretches[0].slots().ends.tolist() == [1, 3]
    assert found.stretches[1].slots().ends.tolist() == [7]


def test_an_end_and_a_plan_cut_off_what_is_after_them(tmp_path: Path) -> None:
    found = track(tmp_path, line(0, 1, 2, 3), {"kind": "end", "batch": 2})
    assert spans(found) == [(0, 0, 2)]
    plans = [
        {"kind": "plan", "format": 1, "batch": b, "sources": [{"name": "a"}]} for b in (0, 5, 2)
    ]
    found = track(tmp_path / "b", plans[0], line(0, 1, 1, 1, 1, 1), plans[1], line(5, 1), plans[2])
    assert [head.batch for head in found.heads] == [0, 2]
    assert [head.names for head in found.heads] == [("a",), ("a",)]
    assert spans(found) == [(0, 0, 2)]


def test_what_was_made_is_summed_up(tmp_path: Path) -> None:
    made = {"kind": "made", "sources": {"gan": [3, 2, {"dark": 1}]}}
    found = track(tmp_path, made, made)
    assert found.made["gan"].told() == Counted(6, 4, {"dark": 2})


def test_codes_come_back(tmp_path: Path) -> None:
    writer = Writer(tmp_path, plan_with("a", "b"))
    writer.batches(0, 40)
    writer.close()
    found = Track.read(ledger_path(tmp_path, 0))
    slots = [s.slots() for s in found.stretches]
    assert np.concatenate([s.codes for s in slots]).tolist() == [
        code for number in range(40) for code in writer.codes[number, 0].tolist()
    ]
    planned = [writer.plan.batch(n) for n in range(40)]
    assert np.concatenate([s.sources for s in slots]).tolist() == [
        source for slots in planned for source in slots.source[slots.source > 0].tolist()
    ]


def test_lines_of_later_kinds_are_left_out_and_later_formats_refused(tmp_path: Path) -> None:
    found = track(tmp_path, {"kind": "weather", "rain": 1}, line(0, 1))
    assert (found.damaged, len(found.stretches)) == (0, 1)
    with pytest.raises(ConfigError, match=r"format 1 at most, got 2.*SA661"):
        track(tmp_path / "new", {"kind": "plan", "format": 2, "batch": 0})
    with pytest.raises(ConfigError, match=r"FileNotFoundError.*SA661"):
        Track.read(tmp_path / "nowhere")


WHOLE = {
    **line(3, 2, 1),
    "sources": pack_integers(np.array([1, 2, 1])),
    "served": pack_bits(np.array([True, False, False])),
    "why": pack_integers(np.array([1, 5])),
}


@pytest.mark.parametrize(
    "change",
    [
        {"first": -1},
        {"first": 10**30},
        {"world": 0},
        {"world": 10**9},
        {"rows": pack_integers(np.array([8]))},
        {"rows": pack_integers(np.array([8, 10**12]))},
        {"rows": pack_integers(np.array([1, 8]))},
        {"rows": ["u1", 10**9, ""]},
        {"rows": None},
        {"planned": pack_integers(np.array([2, -1]))},
        {"rows": pack_integers(np.array([], np.int64)), "planned": pack_integers(np.array([], np.int64))},
        {"sources": pack_integers(np.array([1, 2]))},
        {"sources": pack_integers(np.array([1, 0, 2]))},
        {"served": pack_bits(np.ones(9, bool))},
        {"served": 7},
        {"why": pack_integers(np.array([1, 2, 3]))},
        {"why": pack_integers(np.array([1, 99]))},
        {"why": None},
        {"kind": "batches!", "first": None},
        {"kind": 5},
        {"kind": "plan", "batch": -5},
        {"kind": "made", "sources": {"gan": [1, 2]}},
        {"kind": "made", "sources": {"gan": [1, 2, {"a": "b"}]}},
        {"kind": "made", "sources": 3},
        {"kind": "end", "batch": "x"},
    ],
)  # fmt: skip
def test_sizes_and_types_are_not_believed(tmp_path: Path, change: dict[str, Any]) -> None:
    assert track(tmp_path / "whole", WHOLE).damaged == 0
    changed = copy.deepcopy(WHOLE) | change
    found = track(tmp_path, changed)
    known = changed["kind"] == "batches!"
    assert (found.damaged, len(found.stretches)) == (0 if known else 1, 0)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_a_file_cut_anywhere_is_read_up_to_there(tmp_path: Path, data: st.DataObject) -> None:
    path = ledger_path(tmp_path / "cut", 0)
    if not path.exists():
        writer = Writer(tmp_path / "cut", plan_with())
        for first in range(0, 12, 3):
            writer.batches(first, first + 3)
            writer.recorders[0].flush()
        writer.close()
    whole = path.read_bytes()
    length = data.draw(st.integers(0, len(whole)))
    (tmp_path / "ledger-1.jsonl").write_bytes(whole[:length])
    found = Track.read(tmp_path / "ledger-1.jsonl")
    assert found.damaged <= 1
    assert sum(s.stop - s.start for s in found.stretches) == sum(
        len(s["rows"]) and s["rows"][1]
        for s in read_lines(tmp_path / "ledger-1.jsonl")
        if s is not None and s["kind"] == "batches"
    )
