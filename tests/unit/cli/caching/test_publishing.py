from __future__ import annotations

from pathlib import Path

import pytest

from lightning_synthaug.cli.main import EXIT_ERROR, main
from tests.unit.store.samples import shards


def test_publish_says_what_it_copied(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cache, url = str(tmp_path / "cache"), f"file://{tmp_path}/far"
    assert main(["cache", "publish", cache, "--to", url]) == EXIT_ERROR
    assert "SA330" in capsys.readouterr().err
    shards(tmp_path / "cache", range(4))
    assert main(["cache", "publish", cache, "--to", url]) == 0
    assert f"copied to {url}." in capsys.readouterr().out
    assert main(["cache", "publish", cache, "--to", url]) == 0
    assert capsys.readouterr().out.startswith("0 files (0 B) copied")
