from __future__ import annotations

import json
from pathlib import Path

import pytest

from lightning_synthaug.cli import demo
from lightning_synthaug.cli.demo.configuration import ARMS
from lightning_synthaug.cli.main import EXIT_ERROR, EXIT_INTERRUPTED, main
from lightning_synthaug.errors import MissingDependency


def test_a_quick_look_prints_draws_and_writes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, numbers = tmp_path / "out", tmp_path / "deep" / "numbers.json"
    assert main(["demo", "--quick", "--out", str(out), "--json", str(numbers)]) == 0
    captured = capsys.readouterr()
    printed = captured.out
    assert "making" not in captured.err, "one bar, without the remarks of its runs"
    assert "12 training runs of 10 steps" in printed
    for arm in ARMS:
        assert f" {arm.name} " in printed
    assert "numbers mean nothing" in printed
    assert (out / "demo.png").is_file()
    assert (out / "digits.png").is_file()
    assert any((out / "cache").iterdir())
    written = json.loads(numbers.read_text())
    assert len(written["runs"]) == 12
    assert [row["arm"] for row in written["rows"]] == [arm.name for arm in ARMS]
    assert written["configuration"]["seeds"] == 2
    assert written["versions"]["torch"]


@pytest.mark.parametrize("seeds", ["1", "31"])
def test_seeds_out_of_range_are_refused_before_training(
    seeds: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["demo", "--seeds", seeds, "--out", str(out)]) == EXIT_ERROR
    assert "`--seeds` must lie in 2 to 30" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize("option", ["--out", "--cache", "--json"])
def test_a_place_that_cannot_be_written_is_refused_before_training(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    file.write_text("")
    options = ["--out", str(tmp_path / "out")] if option != "--out" else []
    assert main(["demo", *options, option, str(file / "below")]) == EXIT_ERROR
    captured = capsys.readouterr()
    assert f"`{option}` must name a place" in captured.err
    assert "SA806" in captured.err
    assert "training runs" not in captured.out


@pytest.mark.parametrize("name", ["demo.png", "digits.png", "numbers.json"])
def test_a_folder_in_the_place_of_a_result_is_refused_before_training(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).mkdir()
    options = ["--quick", "--out", str(tmp_path), "--json", str(tmp_path / "numbers.json")]
    assert main(["demo", *options]) == EXIT_ERROR
    captured = capsys.readouterr()
    assert "SA806" in captured.err
    assert "training runs" not in captured.out


def test_asking_whether_results_can_be_written_leaves_them_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "demo.png").write_text("an older picture")

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "_train", stopped)
    assert main(["demo", "--quick", "--out", str(tmp_path)]) == EXIT_INTERRUPTED
    assert (tmp_path / "demo.png").read_text() == "an older picture"
    assert not (tmp_path / "digits.png").exists()


def test_a_missing_library_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def lacking() -> None:
        raise MissingDependency("SA802", "`synthaug demo` needs matplotlib, got none.")

    monkeypatch.setattr(demo, "check_needs", lacking)
    assert main(["demo", "--out", str(tmp_path / "out")]) == EXIT_ERROR
    assert capsys.readouterr().err.count("\n") == 1


def test_the_help_names_every_file_that_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["demo", "--help"])
    shown = capsys.readouterr().out
    for word in ("demo.png", "digits.png", "--seeds", "--quick", "synthaug-demo"):
        assert word in shown
