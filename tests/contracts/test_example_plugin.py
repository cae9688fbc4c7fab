"""The example plugin: its contract, and that it is found once it is installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lightning_synthaug.generators import Generator
from lightning_synthaug.generators.contract import GeneratorContract

PLUGIN = Path(__file__).resolve().parents[2] / "plugins" / "synthaug-example"


@pytest.fixture
def on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(PLUGIN / "src"))


@pytest.mark.usefixtures("on_the_path")
class TestDiscs(GeneratorContract):
    def make(self, side: int = 16) -> Generator:
        from synthaug_example import Discs  # type: ignore[import-not-found]

        generator: Generator = Discs(side=side)
        return generator

    def make_other(self) -> Generator:
        return self.make(20)


def test_the_entry_point_is_found_after_installation(tmp_path: Path) -> None:
    """Installed as pip would lay it out, but without asking an index for anything."""
    info = tmp_path / "synthaug_example-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: synthaug-example\nVersion: 0.1.0\n"
    )
    text = (PLUGIN / "pyproject.toml").read_text("utf-8")
    group = text.split('entry-points."lightning_synthaug.generators"]\n')[1].split("\n\n")[0]
    (info / "entry_points.txt").write_text(
        f"[lightning_synthaug.generators]\n{group}\n".replace('"', "")
    )
    code = (
        "from lightning_synthaug.generators import create, registry\n"
        "made = create('example-discs', side=12)\n"
        "known = [one for one in registry.registrations() if one.name == 'example-discs']\n"
        "print(type(made).__name__, made.side, known[0].distribution)\n"
    )
    paths = [str(tmp_path), str(PLUGIN / "src"), *sys.path]
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": ":".join(paths)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "Discs 12 synthaug-example 0.1.0\n", done.stderr
