"""Every example runs as a user would start it, in an empty folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"

# What each example has to print, as patterns in this order.
SAYS = {
    "01_callback.py": [r"without SynthAug: 150 steps, \d+\.\d% right", r"with SynthAug: 150 steps"],
    "02_datamodule.py": [r"rows: 0 to 4, real", r"rows: 5 to 9, flow", r"rows: 5 to 9, real"],
    "03_plain_pytorch.py": [r"epoch  4:", r"epoch 20:", r"\{'batches': 100\}"],
    "04_own_generator.py": [r"\d real .*\d drawn", r"#"],
    "05_existing_synthetic_dataset.py": [r"\d+ rows real", r"450 rows shifted", r"\d+ rows faded"],
    "06_streaming.py": [
        r"70 steps: 80 of \d+ rows",
        r"150 steps: 3\d\d of \d+ rows",
        r"\d+\.\d% right",
    ],
    "07_gates.py": [
        r"150 steps, \d+\.\d% right",
        *3 * [r"gate \w{8}: \d\d+ accepted, \d+ refused"],
    ],
    "08_segmentation.py": [
        r"without SynthAug: 200 steps, overlap \d+\.\d%",
        r"with SynthAug: 200 steps, overlap \d+\.\d%",
    ],
    "30_domain_transfer.py": [
        "random weights",
        r"150 steps, \d+\.\d% right",
        "100 real scans, 60 of them as scanner B",
        r"strengths \[0\.3, 0\.5, 0\.7\]",
    ],
    "31_fit_a_generator.py": [
        r"samples [01]\.\d\d times",
        "on 90 training digits and on 0 test digits",
        r"without its samples: 150 steps, \d+\.\d% right",
        r"with its samples: 150 steps, \d+\.\d% right",
    ],
    "20_fabric.py": ["0 to 22: 130 rows synthetic", "23 to 49: 270 rows", r"\d+\.\d% right"],
    "21_hf_trainer.py": ["whole run: 400 rows synthetic", "23 on: 270 rows", r"\d+\.\d% right"],
    "22_accelerate.py": ["0 to 22: 130 rows synthetic", "23 to 49: 270 rows", r"\d+\.\d% right"],
    "10_lightning_cli.py": [r"SynthAug from .*: Linear\(.*end=0\.4,.*seed 7", r"150 steps"],
    "11_hydra.py": [r"Cosine\(start=0\.0, end=0\.5,.*seed 7", r"150 steps"],
    "12_environment_variable.py": [
        r"CONFIG=\n",
        r"150 steps.*callbacks: \[\]",
        r"CONFIG=12_environment_variable\.yaml",
        r"150 steps.*callbacks: \['SynthAug'\]",
    ],
}


def output(name: str, folder: Path, **environment: str) -> str:
    places = [str(ROOT), str(ROOT / "plugins" / "synthaug-diffusers" / "src")]
    path = os.pathsep.join([*places, os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_each_example_is_run_here_and_short() -> None:
    assert {path.name for path in EXAMPLES.glob("[0-9]*.py")} == set(SAYS)
    lengths = {p.name: len(p.read_text("utf-8").splitlines()) for p in EXAMPLES.glob("*.py")}
    assert max(lengths.values()) < 80, lengths


@pytest.mark.parametrize("name", sorted(set(SAYS) - {"01_callback.py"}))
def test_an_example_runs_and_says_what_it_did(name: str, tmp_path: Path) -> None:
    assert re.search(".*".join(SAYS[name]), output(name, tmp_path), re.DOTALL)


@pytest.mark.parametrize("package", ["lightning.pytorch", "pytorch_lightning"])
def test_the_callback_works_unchanged_with_either_package(package: str, tmp_path: Path) -> None:
    pytest.importorskip(package.split(".", maxsplit=1)[0])
    said = output("01_callback.py", tmp_path, LIGHTNING=package)
    assert re.search(".*".join(SAYS["01_callback.py"]), said, re.DOTALL)
    assert all(line.startswith(package) for line in said.splitlines())
    assert any((tmp_path / "cache").iterdir())
