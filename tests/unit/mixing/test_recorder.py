from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lightning_synthaug.filling import Counts
from lightning_synthaug.mixing import Recorder, ledgerfile, recorder
from lightning_synthaug.mixing.ledgerfile import ledger_path, read_lines
from tests.helpers.ledgers import plan_with, told

PLAN = plan_with()


def lines(folder: Path, rank: int = 0) -> list[Any]:
    return list(read_lines(ledger_path(folder, rank)))


def kinds(folder: Path) -> list[str]:
    return [line["kind"] for line in lines(folder)]


def made(folder: Path, counts: dict[str, Counts] | None = None, **options: Any) -> Recorder:
    mine = Recorder(folder, **({"rank": 0, "world": 1} | options))
    mine.begin(PLAN, lambda: told(PLAN), counts or {})
    return mine


def rows(*sources: int) -> np.ndarray:
    return np.array(sources)


def test_nothing_is_written_before_there_is_a_batch(tmp_path: Path) -> None:
    mine = made(tmp_path)
    mine.flush()
    mine.close(0)
    assert lines(tmp_path) == []


def test_some_hundred_batches_are_one_line(tmp_path: Path) -> None:
    mine = made(tmp_path)
    for number in range(recorder.MOST_BATCHES):
        mine.batch(number, rows(0, 1, 0, 1), None)
    assert kinds(tmp_path) == ["plan", "batches"]
    head, batches = lines(tmp_path)
    assert (head["batch"], head["format"], head["rank"], head["world"]) == (0, 1, 0, 1)
    assert {"fingerprint", "sources", "plan", "versions", "time"} <= set(head)
    assert not {"served", "why", "sources"} & set(batches)
    assert len(str(batches)) < 250
    mine.pause()
    assert len(lines(tmp_path)) == 2


def test_large_batches_are_written_sooner_and_so_are_slow_ones(tmp_path: Path) -> None:
    mine = made(tmp_path)
    mine.batch(0, np.ones(recorder.MOST_ROWS, np.int64), None)
    assert kinds(tmp_path) == ["plan", "batches"]
    mine.batch(1, rows(1), None)
    assert len(lines(tmp_path)) == 2
    mine._due = 0.0
    mine.batch(2, rows(1), None)
    assert len(lines(tmp_path)) == 3
    mine.close(3)


def test_a_plan_is_written_again_where_it_changes_or_the_run_goes_back(tmp_path: Path) -> None:
    mine = made(tmp_path)
    mine.batch(0, rows(1), None)
    mine.begin(PLAN, lambda: told(PLAN), {})
    mine.batch(1, rows(1), None)
    assert kinds(tmp_path) == ["plan", "batches"]
    mine.begin(plan_with(seed=1), lambda: told(PLAN), {})
    mine.batch(2, rows(1), None)
    mine.pause()
    assert kinds(tmp_path) == ["plan", "batches", "batches", "plan", "batches"]
    mine.batch(1, rows(1), None)
    mine.batch(2, rows(1), None)
    mine.pause()
    assert kinds(tmp_path)[-2:] == ["plan", "batches"]
    mine.batch(5, rows(1), None)
    mine.batch(6, rows(1), None)
    mine.batch(9, rows(1), None)
    mine.close(10)
    assert [line["first"] for line in lines(tmp_path)[-2:]] == [5, 9]


def test_what_was_fetched_and_not_trained_on_is_taken_back(tmp_path: Path) -> None:
    mine = made(tmp_path)
    for number in range(4):
        mine.batch(number, rows(0, 1), None)
    mine.close(3)
    assert lines(tmp_path)[-1] == {"kind": "end", "batch": 3}


def test_a_number_can_be_corrected_until_it_is_written(tmp_path: Path) -> None:
    mine = made(tmp_path)
    mine.batch(0, rows(0, 1), None)
    mine.renumber(0, 7)
    mine.renumber(0, 9)
    mine.batch(8, rows(0, 1), None)
    mine.pause()
    mine.renumber(8, 1)
    assert [line["first"] for line in lines(tmp_path) if line["kind"] == "batches"] == [7]


def test_only_the_first_rank_tells_the_plan(tmp_path: Path) -> None:
    mine = made(tmp_path, rank=1, world=2)
    mine.batch(0, rows(1), None)
    mine.pause()
    head = lines(tmp_path, 1)[0]
    assert head["fingerprint"] == {"seed": 0}
    assert not {"sources", "plan"} & set(head)


def test_what_was_made_is_written_once(tmp_path: Path) -> None:
    counts = Counts()
    mine = made(tmp_path, {"gan": counts})
    counts.answered(5, made=3)
    counts.reject("dark", 2)
    mine.batch(0, rows(1), None)
    mine.flush()
    mine.batch(1, rows(1), None)
    mine.close(2)
    told = [line for line in lines(tmp_path) if line["kind"] == "made"]
    assert told == [{"kind": "made", "sources": {"gan": [5, 3, {"dark": 2}]}}]


def test_a_full_disk_ends_the_record_and_not_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = made(tmp_path)
    mine.batch(0, rows(1), None)
    mine.flush()
    write = os.write

    def full(fd: int, data: bytes) -> int:
        write(fd, data[:5])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(ledgerfile.os, "write", full)
    mine.batch(1, rows(1), None)
    mine.flush()
    monkeypatch.undo()
    mine.batch(2, rows(1), None)
    mine.close(3)
    assert capsys.readouterr().err.count("ends here") == 1
    assert [line for line in lines(tmp_path) if line][-1]["first"] == 0


def test_a_signal_amid_a_flush_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = made(tmp_path)
    write = mine._file.append

    def interrupted(told: Any) -> None:
        mine.flush()
        write(told)

    monkeypatch.setattr(mine._file, "append", interrupted)
    mine.batch(0, rows(1), None)
    mine.flush()
    mine.batch(1, rows(1), None)
    mine.close(2)
    assert kinds(tmp_path) == ["plan", "batches", "batches"]
