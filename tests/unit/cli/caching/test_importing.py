from __future__ import annotations

from pathlib import Path

import pytest

from lightning_synthaug.cli.main import EXIT_ERROR, main
from tests.unit.store.samples import shards


def test_import_says_what_it_took_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two, out = (str(tmp_path / name) for name in ("one", "two", "out"))
    shards(tmp_path / "one", range(4))
    assert main(["cache", "import", two, "--from", one]) == EXIT_ERROR
    assert "SA813" in capsys.readouterr().err
    assert not (tmp_path / "two").exists()
    assert main(["cache", "export", one, "--to", "folders", "--out", out]) == 0
    capsys.readouterr()
    assert main(["cache", "import", two, "--from", out]) == 0
    assert capsys.readouterr().out == f"4 samples taken in, 0 known before, in {two}.\n"
    next(Path(out).glob("*/*.png")).write_bytes(b"no image")
    assert main(["cache", "import", two, "--from", out]) == 1
    assert "1 file left out" in capsys.readouterr().out
