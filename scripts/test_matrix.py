"""Run the trainer's tests on several versions of Lightning, each in an environment of its own.

The environments lie in `.matrix/`, one folder each, and are reused: a second run only runs the tests. What the runs
found is kept there too, so that `--only` repeats one of them, `--failed` what failed in the last run, and
`--write-docs` still writes the whole table.
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
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import tomllib

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
        # Said by pkg_resources, of Lightning's own use of it.
        warnings=("ignore:pkg_resources is deprecated as an API", "ignore:Deprecated call to"),
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
        Exit status: 1 where a test failed, an environment could not be made, or the page lacks a result.
    """
    options = _parser().parse_args(arguments)
    chosen = [e for e in ENVIRONMENTS if options.only in (None, e.name, e.version)]
    if not chosen:
        _say(f"--only must be one of {[e.name for e in ENVIRONMENTS]}, got {options.only!r}.")
        return 1
    failed = False
    for number, environment in enumerate(chosen, 1):
        title = f"[{number}/{len(chosen)}] Lightning {environment.name}"
        failed |= not _one(environment, title, again=options.failed)
        if not options.keep:
            shutil.rmtree(MATRIX / environment.name / "pytest", ignore_errors=True)
    results = {e: found for e in ENVIRONMENTS if (found := _result(e)) is not None}
    _say("\n" + "\n".join(_table({e: r for e, r in results.items() if e in chosen})))
    if options.write_docs:
        missing = [e.name for e in ENVIRONMENTS if e not in results]
        if missing:
            _say(f"{PAGE.name} needs every result, got none of {missing}. Run without --only.")
            return 1
        text = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(_page(text, results, options.date), encoding="utf-8")
        _say(f"wrote {PAGE.relative_to(ROOT)}")
    return int(failed)


def _one(environment: Environment, title: str, *, again: bool) -> bool:
    """Install and test one environment, `again` only what failed the last time; tell whether all passed."""
    report = MATRIX / environment.name / "report.xml"
    last = _result(environment) if again and report.exists() else None
    tests = _failed(report) if last is not None else []
    if last is not None and not tests:
        _say(f"{title}: nothing failed the last time")
        return True
    (MATRIX / environment.name / "result.json").unlink(missing_ok=True)
    try:
        _say(f"{title}: installing what is missing")
        _install(environment)
    except subprocess.CalledProcessError as error:
        _say(f"{title}: could not be installed, status {error.returncode}")
        return False
    _say(f"{title}: running {' '.join(tests or environment.tests)}")
    began = time.monotonic()
    result = _run(environment, tests, last)
    _say(f"{title}: {_counts(result)}, {time.monotonic() - began:.0f} s")
    return not result["failed"] and bool(result["passed"])


def _run(
    environment: Environment, tests: Sequence[str], last: dict[str, Any] | None
) -> dict[str, Any]:
    """Run all tests of an environment, or those that failed in its `last` run; keep what the page needs of it."""
    folder = MATRIX / environment.name
    python, report = str(folder / "bin" / "python"), folder / "report.xml"
    report.unlink(missing_ok=True)
    variables = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    variables |= {"NO_ALBUMENTATIONS_UPDATE": "1", "HF_HUB_OFFLINE": "1"}
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}"]
    command += [f"--basetemp={folder / 'pytest'}"]
    command += [word for text in environment.warnings for word in ("-W", text)]
    subprocess.run([*command, *(tests or environment.tests)], cwd=ROOT, env=variables, check=False)
    versions = subprocess.run(
        [python, "-c", _VERSIONS], check=True, capture_output=True, text=True, env=variables
    )
    found = _read(report)
    if last is not None:
        found |= {key: last[key] + found[key] for key in ("passed", "skipped", "reasons")}
    result = {**json.loads(versions.stdout), **found}
    (folder / "result.json").write_text(json.dumps(result), encoding="utf-8")
    return result


_VERSIONS = """
import json, platform
from importlib.metadata import version
print(json.dumps({"python": platform.python_version(), "torch": version("torch").partition("+")[0]}))
"""


def _read(report: Path) -> dict[str, Any]:
    """Count a report of pytest; without one, something failed before the tests."""
    if not report.exists():
        return {"passed": 0, "failed": 1, "skipped": 0, "reasons": []}
    cases = list(ET.parse(report).getroot().iter("testcase"))
    bad = sum(any(case.find(kind) is not None for kind in ("failure", "error")) for case in cases)
    skips = [skip.get("message", "") for case in cases for skip in case.iter("skipped")]
    return {
        "passed": len(cases) - bad - len(skips),
        "failed": bad,
        "skipped": len(skips),
        "reasons": sorted(set(skips)),
    }


def _failed(report: Path) -> list[str]:
    """List the tests that failed, or could not be run, as pytest takes them."""
    cases = ET.parse(report).getroot().iter("testcase")
    bad = [case for case in cases if {"failure", "error"} & {part.tag for part in case}]
    return [f"{c.get('classname', '').replace('.', '/')}.py::{c.get('name')}" for c in bad]


def _result(environment: Environment) -> dict[str, Any] | None:
    """What the last run of an environment found."""
    path = MATRIX / environment.name / "result.json"
    return json.loads(path.read_text()) if path.exists() else None


def _counts(result: dict[str, Any]) -> str:
    return f"{result['passed']} passed, {result['failed']} failed, {result['skipped']} skipped"


def _table(results: dict[Environment, dict[str, Any]]) -> list[str]:
    """Lay results out as the lines of a Markdown table."""
    lines = [
        "| Lightning | packages | torch | Python | passed | failed | skipped |",
        "|---|---|---|---|---|---|---|",
    ]
    for e, r in results.items():
        packages = " and ".join(f"`{package}`" for package in e.packages)
        found = f"{r['passed']} | {r['failed']} | {r['skipped']}"
        lines.append(f"| {e.version} | {packages} | {r['torch']} | {r['python']} | {found} |")
    return lines


def _page(text: str, results: dict[Environment, dict[str, Any]], date: str | None) -> str:
    """Put results, and the day where it is told, into the compatibility page, between its two marks."""
    pins = [
        f"| {e.version} | `{p.requirement}` | {p.reason} |" for e in ENVIRONMENTS for p in e.pins
    ]
    skips = sorted({reason for r in results.values() for reason in r["reasons"]})
    lines = [f"Last run on {date}.", ""] if date else []
    lines += [*_table(results), ""]
    lines += ["| Lightning | needs | because |", "|---|---|---|", *pins, ""]
    lines += ["Skipped tests say:", "", *(f"* {reason}" for reason in skips), ""] if skips else []
    head, _, rest = text.partition("<!-- matrix")
    mark, _, rest = rest.partition("-->\n")
    tail = rest.partition("<!-- /matrix -->")[2]
    return f"{head}<!-- matrix{mark}-->\n" + "\n".join(lines) + f"<!-- /matrix -->{tail}"


def _install(environment: Environment) -> None:
    """Make an environment, or bring one that exists up to the constraints."""
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
    subprocess.run([pip[0], str(ROOT / "scripts" / "mend_torchaudio.py")], check=True)
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
    names = ", ".join(e.name for e in ENVIRONMENTS)
    parser.add_argument("--only", metavar="VERSION", help=f"run one of them: {names}")
    parser.add_argument("--failed", action="store_true", help="run only what failed the last time")
    parser.add_argument("--keep", action="store_true", help="keep the tests' files for a look")
    parser.add_argument(
        "--write-docs", action="store_true", help=f"write docs/{PAGE.name} from all results"
    )
    parser.add_argument("--date", metavar="DAY", help="the day to put on that page")
    return parser


if __name__ == "__main__":
    sys.exit(main())
