from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from lightning_synthaug.cli.main import main
from lightning_synthaug.store import Store
from tests.helpers.faulty import made

PROJECT = """
from torch.utils.data import DataLoader
from tests.helpers.traced import traced_dataset
def loader():
    return DataLoader(traced_dataset(48), 8, shuffle=True)
"""
CONFIG = """
source:
  class_path: tests.helpers.faulty.Faulty
  init_args: {{log: "{folder}"}}
ratio: 0.5
cache: "{folder}/cache"
"""


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    (tmp_path / "project_to_generate_for.py").write_text(PROJECT)
    (tmp_path / "run.yaml").write_text(CONFIG.format(folder=tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "project_to_generate_for", raising=False)
    loader = "project_to_generate_for:loader"
    return ["generate", "--config", "run.yaml", "--loader", loader, "--epochs", "4"]


def test_a_dry_run_tells_what_is_made_and_makes_nothing(
    tmp_path: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--dry-run", "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)["sources"]
    assert told["wanted"] == told["to_make"] == 48
    assert told["bytes"] > 48 * 36
    with Store.open(tmp_path / "cache") as store:
        assert store.stats().samples == 0
    (tmp_path / "made").unlink()
    assert main(command) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[1].split() == [
        "source",
        "wanted",
        "in",
        "cache",
        "made",
        "given",
        "up",
        "left",
        "time",
    ]
    assert out.splitlines()[2].split()[:6] == ["synthetic", "48", "0", "48", "0", "0"]
    assert len(made(tmp_path)) == len(set(made(tmp_path))) == told["to_make"]
    assert main([*command, "--dry-run"]) == 0
    assert capsys.readouterr().out.splitlines()[2].split()[:5] == [
        "synthetic",
        "48",
        "48",
        "0",
        "0",
    ]


def test_limits_end_it_early_and_it_goes_on_where_it_was(
    tmp_path: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--max-samples", "10", "--json"]) == 1
    (told,) = json.loads(capsys.readouterr().out)["sources"]
    assert (told["made"], told["left"]) == (10, 38)
    assert main([*command, "--max-hours", "1e-12"]) == 1
    assert main(command) == 0
    assert len(made(tmp_path)) == len(set(made(tmp_path))) == 48


def test_shards_are_published_afterwards(
    tmp_path: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"file://{tmp_path}/far"
    assert main([*command, "--dry-run", "--publish", url]) == 0
    assert not (tmp_path / "far").exists()
    assert main([*command, "--publish", url]) == 0
    assert main(["cache", "merge", url, "--into", "elsewhere"]) == 0
    assert "48 new samples" in capsys.readouterr().out


@pytest.mark.parametrize(
    "options", [["--max-samples", "0"], ["--world", "-1"], ["--actors", "2"], ["--max-hours", "0"]]
)
def test_numbers_are_checked_before_anything_is_read(
    command: list[str], options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, *options]) == 2
    err = capsys.readouterr().err
    assert "SA805" in err
    assert f"`{options[0]}`" in err
