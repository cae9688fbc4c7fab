from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from lightning_synthaug.errors import CacheFull, FillError
from lightning_synthaug.filling import Turns


def test_waits_until_nothing_remains(tmp_path: Path) -> None:
    counts = iter([3, 1, 0])
    Turns(tmp_path, "gan").wait(lambda: next(counts))
    assert next(counts, None) is None


def test_word_of_an_error_ends_the_wait(tmp_path: Path) -> None:
    turns = Turns(tmp_path, "gan")
    turns.failed(CacheFull("SA306", "No room."))
    with pytest.raises(FillError, match=r"its error: CacheFull: No room\. \[SA306\].*SA502"):
        turns.wait(lambda: 1)
    assert [p.name for p in tmp_path.iterdir()] == ["fill-gan.failed.json"]


@pytest.mark.parametrize(
    "note",
    [
        "",
        "[]",
        "{}",
        json.dumps({"time": "now", "error": "x"}),
        json.dumps({"time": time.time() - 600, "error": "of an earlier run"}),
    ],
)
def test_other_notes_are_left_alone(tmp_path: Path, note: str) -> None:
    (tmp_path / "fill-gan.failed.json").write_text(note)
    counts = iter([1, 0])
    Turns(tmp_path, "gan").wait(lambda: next(counts))


def test_notes_are_of_one_source(tmp_path: Path) -> None:
    Turns(tmp_path, "other").failed(RuntimeError("mine"))
    counts = iter([1, 0])
    Turns(tmp_path, "gan").wait(lambda: next(counts))


def test_word_of_damage_is_taken_once(tmp_path: Path) -> None:
    turns = Turns(tmp_path, "gan")
    turns.damaged({3: b"ab"})
    turns.damaged({5: b"cd", 6: b"ef"})
    Turns(tmp_path, "other").damaged({7: b"gh"})
    (tmp_path / "fill-gan.damaged-1-1.json").write_text("[")
    (tmp_path / "fill-gan.damaged-1-2.json").write_text(json.dumps({"-1": "x", "9" * 30: "x"}))
    assert turns.take_damaged() == {3: b"ab".hex(), 5: b"cd".hex(), 6: b"ef".hex()}
    assert turns.take_damaged() == {}
    assert len(list(tmp_path.iterdir())) == 1
