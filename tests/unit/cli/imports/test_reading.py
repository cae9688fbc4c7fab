"""How an export is recognised, and read as far as it goes."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import pyarrow.parquet
import pytest

from lightning_synthaug.cli.exports.folders import write_folders
from lightning_synthaug.cli.exports.webdataset import write_webdataset
from lightning_synthaug.cli.imports.reading import reader_of
from lightning_synthaug.errors import ConfigError
from tests.unit.cli.exports.some import some


def test_a_tar_is_read_up_to_where_it_is_damaged(tmp_path: Path) -> None:
    write_webdataset(tmp_path, some(8), most=4)
    first, second = sorted(tmp_path.iterdir())
    assert len([read() for read in reader_of(tmp_path)(tmp_path)]) == 8
    first.write_bytes(first.read_bytes()[:1500])
    good, bad = count(tmp_path)
    assert bad >= 1
    assert 4 <= good < 8
    assert second.exists()


def test_a_folder_without_an_export_says_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "cat.png").touch()
    with pytest.raises(ConfigError, match=r"got .*: \['cat.png'\]"):
        reader_of(tmp_path)
    with pytest.raises(ConfigError, match="no folder"):
        reader_of(tmp_path / "cat.png")


def count(folder: Path) -> tuple[int, int]:
    """Count what can be read and what cannot."""
    good = bad = 0
    for read in reader_of(folder)(folder):
        try:
            read()
            good += 1
        except Exception:
            bad += 1
    return good, bad


def test_links_out_of_a_folder_are_not_followed(tmp_path: Path) -> None:
    export, secret = tmp_path / "export", tmp_path / "secret"
    export.mkdir()
    write_folders(export, some(4))
    secret.write_bytes(next(export.glob("*/*.png")).read_bytes())
    picture = sorted(export.glob("*/*.png"))[0]
    picture.unlink()
    picture.symlink_to(secret)
    assert count(export) == (3, 1)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_links_in_a_tar_are_not_followed(tmp_path: Path, kind: bytes) -> None:
    write_webdataset(tmp_path, some(2))
    (path,) = tmp_path.glob("*.tar")
    with tarfile.open(path) as tar:
        members = [(m, tar.extractfile(m)) for m in tar]
        parts = [(m, b"" if f is None else f.read()) for m, f in members]
    first = parts[0][0].name
    with tarfile.open(path, "w") as tar:
        for member, content in parts:
            if member.name.endswith(".png") and not member.name.startswith(first.partition(".")[0]):
                member.type, member.linkname, member.size = kind, first, 0
            tar.addfile(member, io.BytesIO(content) if member.isreg() else None)
    (_, read) = list(reader_of(tmp_path)(tmp_path))
    with pytest.raises(OSError, match="cannot identify"):
        read().sample()


@pytest.mark.parametrize("form", ["tar", "parquet"])
def test_a_file_that_a_library_cannot_read_counts_as_damaged(tmp_path: Path, form: str) -> None:
    (tmp_path / f"samples.{form}").write_bytes(gzip.compress(b"\0" * 10_000))
    assert count(tmp_path) == (0, 1)


def test_a_table_of_another_origin_counts_as_damaged(tmp_path: Path) -> None:
    table = pyarrow.table({"image": [b"x"], "cat": [1]})
    pyarrow.parquet.write_table(table, tmp_path / "train.parquet")
    assert count(tmp_path) == (0, 1)
