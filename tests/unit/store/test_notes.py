from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from lightning_synthaug.data.verdict import Verdict
from lightning_synthaug.errors import CacheError
from lightning_synthaug.store import notes
from lightning_synthaug.store.header import notes_path
from lightning_synthaug.store.index import Index
from lightning_synthaug.store.log import read_from, scan
from lightning_synthaug.store.notes import (
    Journal,
    apply_note,
    bury_note,
    forget_note,
    parse_note,
    verdict_note,
)
from tests.unit.store.samples import key

NOTES = [
    bury_note([key(1), key(2)], "nsfw", 3),
    verdict_note("gate", [(key(1), Verdict(True, 0.5)), (key(2), Verdict(False, None, "blur"))]),
    forget_note([(key(3), 2**62, 7)]),
]


@pytest.mark.parametrize("note", NOTES)
def test_notes_come_back(note: dict[str, object]) -> None:
    assert parse_note(json.dumps(note).encode()) == note


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_a_score_that_is_no_number_is_none(score: float) -> None:
    assert verdict_note("g", [(key(1), Verdict(True, score))])["rows"][0][2] is None


def test_the_journal_is_made_at_the_first_note(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.close()
    assert not list(tmp_path.iterdir())
    for note in NOTES:
        journal.append(note)
    assert journal.number is not None
    data = read_from(notes_path(tmp_path, journal.number), 0)
    assert [parse_note(block.payload) for block in scan(data)] == NOTES
    assert len(data) == journal.length
    journal.close()


def test_applying_again_changes_nothing_and_the_later_verdict_counts(tmp_path: Path) -> None:
    index = Index(tmp_path)
    later = verdict_note("gate", [(key(1), Verdict(False, 0.1, "later"))])
    for note in (later, *NOTES, *NOTES):
        with index.writing():
            apply_note(index, note)
    sql = "SELECT accepted, score, reason FROM verdicts ORDER BY key = ? DESC"
    assert index.execute(sql, (key(1),)) == [(0, 0.1, "later"), (0, None, "blur")]
    assert index.execute("SELECT count(*) FROM tombstones") == [(2,)]
    assert index.execute("SELECT * FROM forgotten") == [(2**62, 7)]
    index.close()


@pytest.mark.parametrize(
    "change",
    [
        {"what": "drop"},
        {"what": ["bury"]},
        {"at": "now"},
        {"at": 2**70},
        {"rows": 1},
        {"rows": [1]},
        {"rows": [["zz" * 16, "r", 1]]},
        {"rows": [["ab", "r", 1]]},
        {"rows": [["ab" * 16, "r", True]]},
        {"rows": [["ab" * 16, "r", 2**63]]},
        {"rows": [["ab" * 16, "r", -1]]},
        {"what": "forget", "rows": [["ab" * 16, 5, -1]]},
        {"what": "forget", "rows": [["ab" * 16, -5, 1]]},
        {"what": "forget", "rows": [["ab" * 16, 5, 2**18]]},
        {"rows": [["ab" * 16, "r"]]},
        {"gate": "g"},
    ],
)
def test_a_tampered_note_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"note|hex"):
        parse_note(json.dumps(NOTES[0] | change).encode())


def test_what_is_no_note_is_refused() -> None:
    for payload in (b"[]", b"\xff", b""):
        with pytest.raises(ValueError, match=r"note|decode|Expecting"):
            parse_note(payload)


@pytest.mark.parametrize(
    "note",
    [
        bury_note([key(1)], "half \ud800", 1),
        bury_note([key(1)], "r", 2**70),
        verdict_note("half \ud800", [(key(1), Verdict(True))]),
    ],
)
def test_a_note_that_readers_would_refuse_is_not_written(
    tmp_path: Path, note: dict[str, object]
) -> None:
    journal = Journal(tmp_path)
    with pytest.raises(CacheError, match=r"A note must hold .*SA308"):
        journal.append(note)
    assert not list(tmp_path.iterdir())


def test_a_note_that_an_interrupt_cut_short_is_not_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path)
    journal.append(NOTES[0])
    with monkeypatch.context() as patch:
        patch.setattr(notes, "sync", lambda _: signal.raise_signal(signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            journal.append(NOTES[1])
    journal.append(NOTES[2])
    journal.close()
    blocks = [scan(read_from(path, 0)) for path in tmp_path.iterdir()]
    found = [[parse_note(block.payload) for block in one] for one in blocks]
    assert sorted(map(len, found)) == [1, 2]
    assert [NOTES[0], NOTES[1]] in found


def test_a_long_journal_is_followed_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notes, "MAX_LOG", 100)
    journal = Journal(tmp_path)
    assert journal.append(NOTES[0])[0] != journal.append(NOTES[0])[0]
    journal.close()
