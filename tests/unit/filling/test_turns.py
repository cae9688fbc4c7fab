from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lightning_synthaug.errors import CacheFull, FillError
from lightning_synthaug.filling import Turns, turns


def note(folder: Path) -> Path:
    (path,) = folder.glob("fill-*.failed.json")
    return path


def test_waits_until_nothing_remains(tmp_path: Path) -> None:
    counts = iter([3, 1, 0])
    Turns(tmp_path, "gan").wait(lambda: next(counts))
    assert next(counts, None) is None


def test_word_of_an_error_ends_the_wait(tmp_path: Path) -> None:
    turns = Turns(tmp_path / "new", "gan")
    with pytest.raises(CacheFull), turns.filling():
        raise CacheFull("SA306", "No room.")
    with pytest.raises(FillError, match=r"its error: CacheFull: No room\. \[SA306\].*SA502"):
        turns.wait(lambda: 1)
    assert not list((tmp_path / "new").glob("*.part"))


def test_word_that_was_left_before_the_wait_began_counts(tmp_path: Path) -> None:
    Turns(tmp_path, "gan").failed(RuntimeError("early"))
    path = note(tmp_path)
    told = json.loads(path.read_text())
    told["time"] = turns._started() + 0.01  # however long ago that is
    path.write_text(json.dumps(told))
    with pytest.raises(FillError, match=r"early.*SA502"):
        Turns(tmp_path, "gan").wait(lambda: 1)


def test_this_process_began_before_now_and_after_the_one_that_started_it() -> None:
    code = "from lightning_synthaug.filling.turns import _started; print(_started())"
    child = float(subprocess.check_output([sys.executable, "-c", code], env=os.environ))
    assert turns._started() < child <= time.time()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "[" * 200_000,
        json.dumps({"time": "now", "error": "x"}),
        json.dumps({"time": turns._started() - 1, "error": "of an earlier run"}),
    ],
)
def test_other_notes_are_left_alone(tmp_path: Path, text: str) -> None:
    Turns(tmp_path, "gan").failed(RuntimeError("x"))
    note(tmp_path).write_text(text)
    counts = iter([1, 0])
    Turns(tmp_path, "gan").wait(lambda: next(counts))


def test_a_pipe_in_place_of_a_note_holds_nobody_up(tmp_path: Path) -> None:
    Turns(tmp_path, "gan").failed(RuntimeError("x"))
    path = note(tmp_path)
    path.unlink()
    os.mkfifo(path)
    counts = iter([1, 0])
    Turns(tmp_path, "gan").wait(lambda: next(counts))


def test_a_new_fill_takes_the_word_of_the_last_one_away(tmp_path: Path) -> None:
    Turns(tmp_path, "gan").failed(RuntimeError("before"))
    with Turns(tmp_path, "gan").filling():
        counts = iter([1, 0])
        Turns(tmp_path, "gan").wait(lambda: next(counts))


def test_notes_are_of_one_name(tmp_path: Path) -> None:
    Turns(tmp_path, "other").failed(RuntimeError("mine"))
    counts = iter([1, 0])
    Turns(tmp_path, "gan").wait(lambda: next(counts))


@pytest.mark.parametrize("name", ["x" * 300, "a/b\0", "half \ud800"])
def test_any_name_will_do(tmp_path: Path, name: str) -> None:
    Turns(tmp_path, name).failed(RuntimeError("x"))
    with pytest.raises(FillError, match="SA502"):
        Turns(tmp_path, name).wait(lambda: 1)


def test_word_that_cannot_be_left_does_not_hide_the_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(CacheFull, match="SA306"), Turns(tmp_path / "file", "gan").filling():
        raise CacheFull("SA306", "No room.")


FILLER = """
import sys, time
from pathlib import Path
from lightning_synthaug.filling import Turns
with Turns(Path(sys.argv[1]), "gan").filling():
    print("filling", flush=True)
    time.sleep(60)
"""


def test_a_rank_that_is_killed_while_it_fills_is_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "_ABSENT", 0.3)
    command = [sys.executable, "-c", FILLER, str(tmp_path)]
    filler = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert filler.stdout is not None
        assert filler.stdout.readline() == "filling\n"
        waiting = Turns(tmp_path, "gan")
        looks = []

        def remaining() -> int:
            looks.append(waiting._at_work())
            if len(looks) == 6:  # longer than a lost one is waited for
                filler.kill()
                filler.wait(timeout=30)
            return 7

        with pytest.raises(FillError, match=r"nobody has been filling .* 7 samples .*SA502"):
            waiting.wait(remaining)
        assert looks[:6] == [True] * 6
        assert looks[-1] is False
    finally:
        filler.kill()
        filler.communicate(timeout=30)


def test_word_of_damage_is_taken_once(tmp_path: Path) -> None:
    turns = Turns(tmp_path, "gan")  # hides the module, which this test does not need
    turns.damaged({3: b"ab"})
    turns.damaged({5: b"cd", 6: b"ef"})
    Turns(tmp_path, "other").damaged({7: b"gh"})
    (tmp_path / f"{turns._stem}.damaged-1-1.json").write_text("[")
    (tmp_path / f"{turns._stem}.damaged-1-2.json").write_text(
        json.dumps({"-1": "x", "9" * 30: "x"})
    )
    assert turns.take_damaged() == {3: b"ab".hex(), 5: b"cd".hex(), 6: b"ef".hex()}
    assert turns.take_damaged() == {}
    assert len(list(tmp_path.iterdir())) == 1


def test_word_of_a_collapse_is_of_one_source_and_of_this_run(tmp_path: Path) -> None:
    mine, other = Turns(tmp_path, "gan"), Turns(tmp_path, "vae")
    assert not mine.has_collapsed()
    mine.collapsed()
    assert mine.has_collapsed()
    assert not other.has_collapsed()
    (path,) = tmp_path.glob("fill-gan-*.collapsed.json")
    told = json.loads(path.read_text())
    path.write_text(json.dumps(told | {"time": turns._started() - 1}))
    assert not mine.has_collapsed()
    mine.forget_collapse()
    mine.forget_collapse()
    assert not list(tmp_path.iterdir())
    Turns(tmp_path / "nowhere", "gan").collapsed()
    assert not Turns(tmp_path / "nowhere", "gan").has_collapsed()
