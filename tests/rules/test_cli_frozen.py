"""The options of `synthaug` are part of its public face: a change to them is made on purpose."""

from __future__ import annotations

import runpy

from tests.rules.repository import ROOT


def test_options_are_the_ones_written_down() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "freeze_cli.py"))
    frozen = script["FROZEN"].read_text(encoding="utf-8")
    assert script["render"]() == frozen, "if intended, run: python scripts/freeze_cli.py"
