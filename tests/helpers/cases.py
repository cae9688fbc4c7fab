"""The numbered cases of integration, and which tests say that they cover them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[1] / "integration"
_COVERED = pytest.StashKey[dict[int, list[str]]]()


def titles(file: Path = FOLDER / "cases.txt") -> dict[int, str]:
    """Title by number: each line holds both."""
    lines = (line.partition(" ") for line in file.read_text(encoding="utf-8").splitlines())
    return {int(number): title for number, _, title in lines if title}


def covered(items: Iterable[pytest.Item]) -> dict[int, list[str]]:
    """Names of tests by case, without parameters, in the order of collection."""
    found: dict[int, dict[str, None]] = {}
    for item in items:
        for mark in item.iter_markers("case"):
            for number in mark.args:
                name = f"{item.path.stem}::{item.name.partition('[')[0]}"
                found.setdefault(number, {})[name] = None
    return {number: list(names) for number, names in sorted(found.items())}


def whole(arguments: Sequence[str], start: Path, folder: Path = FOLDER) -> bool:
    """Whether what was given to pytest selects all of a folder."""
    paths = [(start / argument).resolve() for argument in arguments if "::" not in argument]
    return any(folder == path or path in folder.parents for path in paths)


def table(tests: Mapping[int, Sequence[str]], known: Mapping[int, str]) -> list[str]:
    """Lines of the table; a case without a test says so, and a number without a title too."""
    lines = []
    for number in sorted({*known, *tests}):
        lines.append(f"{number:>3}  {known.get(number, 'NO SUCH CASE')}")
        lines += [f"       {name}" for name in tests.get(number, ["NO TEST"])]
    return lines


@pytest.hookimpl(tryfirst=True)  # before tests are deselected by name or mark: they still exist
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take down which tests cover which cases, where all of this folder was asked for."""
    if whole(config.args, config.invocation_params.dir):
        config.stash[_COVERED] = covered(items)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail where a case has no test, or a test names a case that is not there."""
    found = session.config.stash.get(_COVERED, None)
    if found is not None and found.keys() != titles().keys() and not exitstatus:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the table of cases and tests."""
    found = config.stash.get(_COVERED, None)
    if found is None:
        return
    known = titles()
    terminalreporter.section("case -> tests")
    for line in table(found, known):
        terminalreporter.write_line(line)
    wrong = sorted(found.keys() ^ known.keys())
    if wrong:
        terminalreporter.write_line(f"FAILED: cases without a test or a title: {wrong}", red=True)
