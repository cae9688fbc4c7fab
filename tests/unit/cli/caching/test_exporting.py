from __future__ import annotations

from pathlib import Path

import pytest

from lightning_synthaug.cli.caching.exporting import _FORMATS
from lightning_synthaug.cli.exports import FORMATS
from lightning_synthaug.cli.main import EXIT_ERROR, main
from tests.helpers.certificates import credentials
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
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"shard-000000.tar", "croissant.json", "README.md"}
    assert main(["cache", "export", cache, "--to", "folders", "--out", out]) == EXIT_ERROR
    assert "`--out` must be a new or an empty folder" in capsys.readouterr().err
    flip(one_file(tmp_path / "cache", "*.rows"), 5)
    assert main(["cache", "export", cache, "--to", "folders", "--out", f"{out}2"]) == 1
    assert capsys.readouterr().out.endswith("1 damaged sample left out.\n")


def test_images_are_signed_when_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cache, out, own = str(tmp_path / "cache"), str(tmp_path / "out"), credentials(tmp_path)
    shards(tmp_path / "cache", range(4))
    command = ["cache", "export", cache, "--to", "folders", "--out", out]
    pair = ["--c2pa-certificate", str(own.chain), "--c2pa-key", str(own.key)]
    assert main([*command, *pair]) == 0
    assert capsys.readouterr().out == f"4 samples in {out}.\n4 files signed.\n"
    assert all(b"caBX" in path.read_bytes() for path in (tmp_path / "out").rglob("*.png"))
    for path in (tmp_path / "out").rglob("*"):
        assert not path.is_file() or b"PRIVATE KEY" not in path.read_bytes()


@pytest.mark.parametrize(
    ("options", "got"),
    [
        (["--c2pa-certificate", "chain.pem"], "the certificate"),
        (["--c2pa-key", "key.pem", "--c2pa-timestamp", "http://x"], "the key and the timestamp"),
        (["--c2pa-timestamp", "http://x"], "the timestamp"),
    ],
)
def test_half_of_what_signing_needs_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], got: str
) -> None:
    command = ["cache", "export", str(tmp_path), "--to", "folders", "--out", str(tmp_path / "out")]
    assert main([*command, *options]) == EXIT_ERROR
    told = capsys.readouterr().err
    assert f"needs both `--c2pa-certificate` and `--c2pa-key`, got only {got}. Name" in told
    assert "[SA815]" in told
    assert not (tmp_path / "out").exists()
