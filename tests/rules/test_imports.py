"""Importing is cheap: no floor loads more than its own part of the table of floors."""

from __future__ import annotations

import subprocess
import sys

import pytest

TORCH = {"torch"}
LIGHTNING = {"lightning", "lightning_fabric", "pytorch_lightning"}
SLOW = {"albumentations", "cv2", "matplotlib", "sklearn", "PIL"}


def loaded_by(statement: str) -> set[str]:
    """Top-level modules that are loaded after one statement in a fresh interpreter."""
    code = f"import sys\n{statement}\nprint(*sorted({{n.split('.')[0] for n in sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [
        ("lightning_synthaug", TORCH | LIGHTNING | SLOW | {"numpy"}),
        ("lightning_synthaug.errors", TORCH | LIGHTNING | SLOW | {"numpy"}),
        ("lightning_synthaug.plan", TORCH | LIGHTNING | SLOW),
        ("lightning_synthaug.data", TORCH | LIGHTNING | SLOW),
        ("lightning_synthaug.store", TORCH | LIGHTNING | SLOW),
        ("lightning_synthaug.generators", TORCH | LIGHTNING | SLOW),
        ("lightning_synthaug.filling", LIGHTNING | SLOW),
        ("lightning_synthaug.mixing", LIGHTNING | SLOW),
        ("lightning_synthaug.transforms", TORCH | LIGHTNING | SLOW),
        ("lightning_synthaug.cli.main", TORCH | LIGHTNING | SLOW),
    ],
)
def test_import_loads_only_what_the_floor_may_use(module: str, forbidden: set[str]) -> None:
    assert not loaded_by(f"import {module}") & forbidden
