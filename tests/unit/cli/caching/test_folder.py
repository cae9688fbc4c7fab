from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from lightning_synthaug.cli.caching.folder import add_folder, cache_folder, opened, progress
from lightning_synthaug.errors import CacheError
from tests.unit.store.samples import filled


def test_the_folder_is_that_of_a_run_without_cache_unless_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parser = argparse.ArgumentParser()
    add_folder(parser)
    monkeypatch.setenv("LIGHTNING_SYNTHAUG_CACHE", str(tmp_path / "default"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder(parser.parse_args([]).folder) == tmp_path / "default"
    assert cache_folder(parser.parse_args(["~/mine"]).folder) == tmp_path / "mine"


def test_no_cache_is_made(tmp_path: Path) -> None:
    with pytest.raises(CacheError, match="SA330"), opened(str(tmp_path / "none")):
        pass
    assert not list(tmp_path.iterdir())
    with filled(tmp_path, 2):
        pass
    with opened(str(tmp_path)) as store:
        assert store.stats().samples == 2


def test_a_bar_is_for_terminals(capfd: pytest.CaptureFixture[str]) -> None:
    with progress(3, "sample") as advance:
        advance(3)
    assert capfd.readouterr().err == ""
