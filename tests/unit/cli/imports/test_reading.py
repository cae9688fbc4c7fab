"""How an export is recognised, and read as far as it goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from lightning_synthaug.cli.exports.webdataset import write_webdataset
from lightning_synthaug.cli.imports.reading import reader_of
from lightning_synthaug.errors import ConfigError
from tests.unit.cli.exports.some import some


def test_a_tar_is_read_up_to_where_it_is_damaged(tmp_path: Path) -> None:
    write_webdataset(tmp_path, some(8), most=4)
    first, second = sorted(tmp_path.iterdir())
    assert len([read() for read in reader_of(tmp_path)(tmp_path)]) == 8
    first.write_bytes(first.read_bytes()[:1500])
    good = bad = 0
    for read in reader_of(tmp_path)(tmp_path):
        try:
            read()
            good += 1
        except Exception:
            bad += 1
    assert bad >= 1
    assert 4 <= good < 8
    assert second.exists()


def test_a_folder_without_an_export_says_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "cat.png").touch()
    with pytest.raises(ConfigError, match=r"got .*: \['cat.png'\]"):
        reader_of(tmp_path)
    with pytest.raises(ConfigError, match="no folder"):
        reader_of(tmp_path / "cat.png")
