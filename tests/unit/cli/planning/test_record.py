from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lightning_synthaug.cli.planning.record import (
    check_span,
    record_json,
    render_record,
    row_json,
)
from lightning_synthaug.errors import ConfigError
from lightning_synthaug.filling import Counts
from lightning_synthaug.mixing import CAUSES, Ledger, Recorder
from lightning_synthaug.mixing.ledgerfile import ledger_path
from tests.helpers.ledgers import Writer, plan_with, told


@pytest.fixture
def writer(tmp_path: Path) -> Writer:
    made = Writer(tmp_path, plan_with("a", "b", labels=np.arange(45) % 3), world=2)
    made.batches(0, 12)
    made.close()
    return made


@pytest.fixture
def ledger(tmp_path: Path, writer: Writer) -> Ledger:
    return Ledger.read(tmp_path)


def test_rows_are_those_of_the_plan_with_what_became_of_them(
    ledger: Ledger, writer: Writer
) -> None:
    for number in range(12):
        rows, planned = list(row_json(ledger, number, None)), writer.plan.batch(number)
        assert [row["sample"] for row in rows] == planned.index.tolist()
        assert [row["label"] for row in rows] == planned.label.tolist()
        assert [row["slot"] for row in rows] == [*range(planned.start, planned.start + len(rows))]
        assert [["real", "a", "b"].index(row["source"]) for row in rows] == planned.source.tolist()
        for rank in range(2):
            mine = [r for r in rows if r["rank"] == rank and r["source"] != "real"]
            codes = [0 if r["served"] else 1 + CAUSES.index(r["cause"]) for r in mine]
            assert codes == writer.codes[number, rank].tolist()
            assert list(row_json(ledger, number, rank)) == [r for r in rows if r["rank"] == rank]
    assert list(row_json(ledger, 12, None)) == []


def test_plain_values_hold_the_sums(ledger: Ledger) -> None:
    told = record_json(ledger, range(3, 5), None)
    assert json.loads(json.dumps(told)) == told
    assert (told["batches"], told["recorded"], told["rows"]) == (12, [[0, 12]], 90)
    for name, source in told["sources"].items():
        assert source["planned"] == source["served"] + sum(source["substituted"].values())
        assert source["planned"] == ledger.sums().sources[name].planned
    assert len(told["listed"]) == 16
    assert (told["absent_ranks"], told["damaged_lines"]) == ([], 0)
    assert "listed" not in record_json(ledger, None, None)


def test_a_table_lists_rows(ledger: Ledger) -> None:
    shown = render_record(ledger, range(3, 5), 1)
    lines = shown.splitlines()
    assert lines[0] == "12 batches on 2 ranks, 90 rows, seed 0"
    assert lines[3].split() == ["source", "planned", "served", *CAUSES]
    head = next(i for i, line in enumerate(lines) if line.startswith("batch"))
    assert len(lines) - head - 1 == 8
    rows = [row for n in (3, 4) for row in row_json(ledger, n, 1)]
    for line, row in zip(lines[head + 1 :], rows, strict=True):
        assert line.split()[:3] == [str(row["batch"]), str(row["slot"]), str(row["rank"])]
        assert line.endswith(
            "as planned" if row["served"] else f"real {row['twin']} ({row['cause']})"
        )


def test_what_is_missing_is_said(tmp_path: Path, writer: Writer) -> None:
    ledger_path(tmp_path, 1).unlink()
    later = Writer(tmp_path, writer.plan, world=2)
    for recorder in later.recorders:
        recorder._describe = lambda: told(writer.plan)
    later.batches(15, 17)
    later.close()
    ledger_path(tmp_path, 1).unlink()
    with ledger_path(tmp_path, 0).open("a") as file:
        file.write("scrap\n")
    shown = render_record(Ledger.read(tmp_path), range(15, 16), None)
    assert "A run was resumed, or planned anew, at batch 15." in shown
    assert "Batches 12 to 14 are not recorded." in shown
    assert "Sums are without ranks that are not recorded: 1." in shown
    assert "1 line could not be read and were left out." in shown
    assert "not recorded\n" in shown


def test_without_a_plan_batches_are_summed_up(tmp_path: Path) -> None:
    plan = plan_with("a", "b")
    recorder = Recorder(tmp_path, rank=0, world=1)
    counts = Counts()
    counts.answered(4, made=1)
    counts.reject("\x1b[31mred", 3)
    names = [{"name": "a"}, {"name": "b\x1b]0;x\x07"}]
    head = told(plan) | {"plan": None, "sources": names}
    recorder.begin(plan, lambda: head, {"a": counts})
    recorder.batch(0, np.array([0, 1, 2, 2]), np.array([0, 0, 3, 0], np.int8))
    recorder.pause()
    ledger = Ledger.read(tmp_path)
    assert list(row_json(ledger, 0, None)) == [
        {"batch": 0, "source": "a", "planned": 1, "served": 1},
        {"batch": 0, "source": names[1]["name"], "planned": 2, "served": 1, "unmakeable": 1},
    ]
    shown = render_record(ledger, range(1), None)
    assert "\x1b" not in shown
    assert "3 x \\x1b[31mred" in shown
    assert shown.splitlines()[-1].split() == [
        "0",
        "b\\x1b]0;x\\x07",
        *["2", "1", "0", "0", "1", "0", "0"],
    ]


@pytest.mark.parametrize("span", [(12, 13), (-5, 0), (5, 5), (7, 3)])
def test_batches_must_be_recorded(ledger: Ledger, span: tuple[int, int]) -> None:
    with pytest.raises(ConfigError, match=r"recorded \(0 to 11\).*SA821"):
        check_span(ledger, span)


def test_a_span_is_cut_to_what_is_recorded_and_not_endless(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert check_span(ledger, (5, 99)) == range(5, 12)
    assert check_span(ledger, (3, 4)) == range(3, 4)
    monkeypatch.setattr("lightning_synthaug.cli.planning.record._MOST", 20)
    assert check_span(ledger, (3, 5)) == range(3, 5)
    with pytest.raises(ConfigError, match=r"20 rows at most, got 3:6.*SA821"):
        check_span(ledger, (3, 6))


def test_an_empty_record_is_shown(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, rank=0, world=1)
    recorder.begin(plan_with(), dict, {})
    recorder.batch(0, np.array([0, 0]), None)
    recorder.close(0)
    shown: Any = render_record(Ledger.read(tmp_path), None, None)
    assert shown.startswith("0 batches on no ranks, 0 rows, seed unknown\nratio: unknown")
