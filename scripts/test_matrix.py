"""Run the trainer's tests on several versions of Lightning, each in an environment of its own.

The environments lie in `.matrix/`, one folder each, and are reused: a second run only runs the tests. What the runs
found is kept there too, so that `--only` repeats one of them and `--write-docs` still writes the whole table.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
MATRIX = ROOT / ".matrix"
PAGE = ROOT / "docs" / "compatibility.md"

TRAINER_TESTS = (
    "tests/integration",
    "tests/unit/trainer",
    "tests/unit/test_lightning.py",
    "tests/unit/test_pytorch_lightning.py",
)
NAMESPACE_TESTS = ("tests/integration/test_namespaces.py",)
PACKAGES = ("lightning", "pytorch-lightning")
#: Of the [dev] extra, what no test of the matrix runs; some of it conflicts with what old versions need.
CHECKERS = {"furo", "import-linter", "mypy", "myst-parser", "pre-commit", "ruff", "sphinx"}


class Pin(NamedTuple):
    """What one version of Lightning needs other than `constraints.txt` says."""

    requirement: str
    reason: str


class Environment(NamedTuple):
    """One environment of the matrix."""

    version: str
    pins: tuple[Pin, ...] = ()
    warnings: tuple[str, ...] = ()
    packages: tuple[str, ...] = PACKAGES

    @property
    def name(self) -> str:
        """Folder below `.matrix/`, and what `--only` takes."""
        return self.version if len(self.packages) > 1 else f"{self.version}-{self.packages[0]}-only"

    @property
    def tests(self) -> tuple[str, ...]:
        """Folders and files with the tests that run here."""
        return TRAINER_TESTS if len(self.packages) > 1 else NAMESPACE_TESTS


NEWEST = "2.6.6"
PACKAGING = Pin("packaging<25", "it allows no newer one")
ENVIRONMENTS = (
    Environment(
        "2.1.4",
        (
            PACKAGING,
            Pin("fsspec<2025", "it allows no newer one"),
            Pin("setuptools<82", "it imports pkg_resources, which setuptools 82 removed"),
        ),
    ),
    Environment("2.4.0", (PACKAGING, Pin("fsspec<2026", "it allows no newer one"))),
    Environment("2.5.2"),
    Environment("2.5.3"),
    Environment(NEWEST),
    *(Environment(NEWEST, packages=(package,)) for package in PACKAGES),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Make what is missing, run the tests, print a table.

    Args:
        arguments: Command line without the program's name; by default the process's own.

    Returns:
        Exit status: 1 where a test failed or an environment could not be made.
    """
    options = _parser().parse_args(arguments)
    chosen = [e for e in ENVIRONMENTS if options.only in (None, e.name, e.version)]
    for number, environment in enumerate(chosen, 1):
        _say(f"[{number}/{len(chosen)}] Lightning {environment.name}: installing what is missing")
        install(environment)
    return 0


def install(environment: Environment) -> None:
    """Make an environment, or bring one that exists up to the constraints.

    Args:
        environment: Which one.

    Raises:
        CalledProcessError: pip could not find versions that fit together.
    """
    folder = MATRIX / environment.name
    wanted = _wanted(environment)
    ready = folder / "ready.json"
    if ready.exists() and json.loads(ready.read_text()) == wanted:
        return
    ready.unlink(missing_ok=True)
    if not (folder / "bin" / "python").exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    constraints = folder / "constraints.txt"
    constraints.write_text("\n".join(wanted["constraints"]) + "\n", encoding="utf-8")
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    quiet = ["--quiet", "--no-compile", "--progress-bar", "off"]
    subprocess.run(
        [*pip, "install", *quiet, "-c", str(constraints), *wanted["install"]], check=True
    )
    # The newest of both are in [dev], and `lightning` itself asks for the other one.
    for absent in set(PACKAGES) - set(environment.packages):
        subprocess.run([*pip, "uninstall", "--quiet", "--yes", absent], check=True)
    ready.write_text(json.dumps(wanted), encoding="utf-8")


def _wanted(environment: Environment) -> dict[str, Any]:
    """Everything that what is installed depends on, for telling whether an environment is up to date."""
    own = [pin.requirement for pin in environment.pins]
    exact = [f"{package}=={environment.version}" for package in PACKAGES]
    replaced = {_name(pin) for pin in [*own, *exact]}
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if line and line[0] != "#" and _name(line) not in replaced]
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    dev = [r for r in extras["optional-dependencies"]["dev"] if _name(r) not in CHECKERS]
    project, tools = dev[0], dev[1:]
    local = project.replace("lightning-synthaug", str(ROOT))
    return {
        "constraints": [*kept, *own, *exact],
        "install": ["-e", local, *tools, *own],
        "packages": list(environment.packages),
    }


def _name(requirement: str) -> str:
    """Name of the package in a requirement, in its normal spelling."""
    return re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def _say(line: str) -> None:
    print(line, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", metavar="VERSION")
    return parser


if __name__ == "__main__":
    sys.exit(main())
