from __future__ import annotations

import json
import sys
from collections.abc import Callable
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
    "options",
    [
        ["--max-samples", "0"],
        ["--world", "-1"],
        ["--actors", "2"],
        ["--max-hours", "0"],
        ["--max-hours", "nan"],
    ],
)
def test_numbers_are_checked_before_anything_is_read(
    command: list[str], options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, *options]) == 2
    err = capsys.readouterr().err
    assert "SA805" in err
    assert f"`{options[0]}`" in err


OWN = """
from tests.helpers.traced import Tracer
class Own(Tracer):
    def generate(self, requests):
        print("at work")
        if {fails}:
            raise ValueError("boom")
        return super().generate(requests)
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Name a generator of the current folder in the configuration, one that fails or not."""

    def write(fails: bool) -> None:
        (tmp_path / "generator_of_this_folder.py").write_text(OWN.format(fails=fails))
        config = CONFIG.replace("tests.helpers.faulty.Faulty", "generator_of_this_folder.Own")
        config = config.replace('  init_args: {{log: "{folder}"}}\n', "")
        (tmp_path / "run.yaml").write_text(config.format(folder=tmp_path))
        monkeypatch.delitem(sys.modules, "generator_of_this_folder", raising=False)

    return write


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_what_a_generator_prints_is_not_among_the_json(
    command: list[str],
    more: list[str],
    own: Callable[[bool], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    own(False)
    assert main([*command, "--json", *more]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["sources"]
    assert "at work" in said.err


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_a_generator_that_fails_is_named_with_what_it_was_asked(
    command: list[str],
    more: list[str],
    own: Callable[[bool], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    own(True)
    assert main([*command, *more]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert "Source 'synthetic' must make" in last
    assert "got ValueError: boom (generator_of_this_folder.py, line 7)" in last
    assert "label " in last
    assert last.endswith("[SA838]")
