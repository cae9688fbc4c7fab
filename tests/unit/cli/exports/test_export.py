from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lightning_synthaug.cli.exports import export as function
from lightning_synthaug.cli.exports.export import FORMATS, export
from lightning_synthaug.errors import ConfigError, MissingDependency
from lightning_synthaug.store import Store
from tests.unit.store.samples import BUDGET, filled, flip, one_file, shards


def test_all_samples_but_the_damaged_ones_are_written(tmp_path: Path) -> None:
    cache, out = tmp_path / "cache", tmp_path / "some" / "out"
    shards(cache, range(6))
    flip(one_file(cache, "*.rows"), 5)
    seen: list[int] = []
    with Store.open(cache, byte_budget=BUDGET) as store:
        assert export(store, out, to="folders", progress=seen.append) == (5, 1, 0)
    assert sum(seen) == 6
    assert len(list(out.rglob("*.png"))) == 5
    assert {p.name for p in out.iterdir() if p.is_file()} == {
        "index.html",
        "labels.csv",
        "croissant.json",
        "README.md",
    }
    assert [path.name for path in out.parent.iterdir()] == ["out"]
    assert function is export


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    (tmp_path / "empty").mkdir()
    with filled(tmp_path / "cache", 2) as store:
        for name in ("full", "full/mine"):
            with pytest.raises(ConfigError, match=r"`out` must be a new or an empty.*SA809"):
                export(store, tmp_path / name, to="folders")
        assert export(store, tmp_path / "empty", to="folders").samples == 2


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_an_export_that_is_cut_short_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def broken(folder: Path, samples: Iterator[Any]) -> int:
        (folder / "half").touch()
        next(samples)
        raise error

    monkeypatch.setitem(FORMATS, "folders", broken)
    with filled(tmp_path / "cache", 2) as store:
        expected = ConfigError if isinstance(error, OSError) else KeyboardInterrupt
        with pytest.raises(expected, match="SA809" if expected is ConfigError else None):
            export(store, tmp_path / "out", to="folders")
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


@pytest.mark.parametrize("form", FORMATS)
def test_a_cache_without_samples_is_an_export_without_samples(tmp_path: Path, form: str) -> None:
    with Store.open(tmp_path / "cache", byte_budget=BUDGET) as store:
        assert export(store, tmp_path / "out", to=form) == (0, 0, 0)
    assert "not a sample" not in (tmp_path / "out" / "README.md").read_text()
    assert (tmp_path / "out" / "croissant.json").is_file()


def test_nothing_is_written_that_cannot_be_described(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mlcroissant", None)
    with (
        filled(tmp_path / "cache", 2) as store,
        pytest.raises(MissingDependency, match=r"needs mlcroissant.*\[export\].*SA808"),
    ):
        export(store, tmp_path / "out", to="folders")
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]
