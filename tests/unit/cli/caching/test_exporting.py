from __future__ import annotations

from pathlib import Path

import pytest

from lightning_synthaug.cli.caching.exporting import _FORMATS
from lightning_synthaug.cli.exports import FORMATS
from lightning_synthaug.cli.main import EXIT_ERROR, main
from tests.unit.store.samples import flip, one_file, shards


def test_the_formats_are_those_that_can_be_written() -> None:
    assert list(_FORMATS) == list(FORMATS)


def test_export_says_what_it_wrote_and_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache, out = str(tmp_path / "cache"), str(tmp_path / "out")
    shards(tmp_path / "cache", range(4))
    assert main(["cache", "export", cache, "--to", "webdataset", "--out", out]) == 0
    assert capsys.readouterr().out == f"4 samples in {out}.\n"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["shard-000000.tar"]
    assert main(["cache", "export", cache, "--to", "folders", "--out", out]) == EXIT_ERROR
    assert "`--out` must be a new or an empty folder" in capsys.readouterr().err
    flip(one_file(tmp_path / "cache", "*.rows"), 5)
    assert main(["cache", "export", cache, "--to", "folders", "--out", f"{out}2"]) == 1
    assert capsys.readouterr().out.endswith("1 damaged sample left out.\n")
