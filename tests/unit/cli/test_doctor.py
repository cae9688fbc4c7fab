from __future__ import annotations

import json
from pathlib import Path

import pytest

from lightning_synthaug.cli import checks
from lightning_synthaug.cli.checks import Finding, versions
from lightning_synthaug.cli.doctor import examine
from lightning_synthaug.cli.main import main


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what takes seconds, and has tests of its own: importing Lightning in another process."""
    monkeypatch.setattr(versions, "_import_error", lambda module: "")


def test_table_names_each_subject_and_ends_with_the_counts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["doctor", "--cache", str(tmp_path)])
    lines = capsys.readouterr().out.splitlines()
    assert status == int(any(line.startswith("FAIL") for line in lines))
    for subject in (
        "python",
        "torch",
        "numpy",
        "lightning",
        "threads",
        "free disk",
        "generator torch",
    ):
        assert any(line[6:].startswith(subject) for line in lines), subject
    assert lines[-1].endswith(" FAIL")


def test_without_an_option_the_default_cache_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIGHTNING_SYNTHAUG_CACHE", str(tmp_path / "cache"))
    main(["doctor"])
    assert f"GB free in {tmp_path}" in capsys.readouterr().out


def test_a_check_that_falls_over_is_a_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def check_threads() -> list[Finding]:
        raise RuntimeError("broken metadata")

    monkeypatch.setattr(checks, "check_threads", check_threads)
    assert main(["doctor", "--cache", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert "threads" in out
    assert "the check fell over: RuntimeError: broken metadata" in out
    assert "generator torch" in out, "the others go on"


def test_json_holds_the_same_findings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["doctor", "--cache", str(tmp_path), "--json"])
    printed = json.loads(capsys.readouterr().out)
    assert [f["subject"] for f in printed["findings"]] == [
        f.subject for f in examine(str(tmp_path))
    ]
    assert sum(printed["counts"].values()) == len(printed["findings"])


def test_a_cache_that_cannot_be_made_fails_with_its_repair(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("not a folder")
    assert main(["doctor", "--cache", str(tmp_path / "file" / "cache")]) == 1
    out = capsys.readouterr().out
    assert "which is not a folder" in out
    assert "-> Choose another folder" in out
