"""The table of integration cases: what it lists, and when a run fails for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.cases import FOLDER, table, titles, whole
from tests.rules.repository import ROOT


def test_seventy_cases_have_titles() -> None:
    assert list(titles()) == list(range(1, 71))


def test_the_table_shows_what_is_missing() -> None:
    lines = table({1: ["test_a::test_b"], 3: ["test_c::test_d"]}, {1: "one", 2: "two"})
    assert [line.strip() for line in lines] == [
        "1  one", "test_a::test_b", "2  two", "NO TEST", "3  NO SUCH CASE", "test_c::test_d",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["tests/integration"], True),
        (["tests"], True),
        (["tests/unit", "tests/integration/"], True),
        (["tests/integration/test_stream.py"], False),
        (["tests/integration/test_stream.py::test_x"], False),
        (["tests/unit"], False),
    ],
)
def test_only_the_whole_folder_is_held_to_the_table(arguments: list[str], expected: bool) -> None:
    assert whole(arguments, ROOT, FOLDER) is expected


TESTS = """
import pytest

@pytest.mark.case(1, 2)
@pytest.mark.parametrize("n", [1, 2])
def test_both(n): ...

@pytest.mark.case(2)
def test_second(): ...
"""


@pytest.mark.parametrize(
    ("numbers", "flags", "code"),
    [
        ((1, 2), ["-k", "both"], 0),
        ((1, 2, 3), [], 1),
        ((1,), [], 1),
    ],
)
def test_a_run_fails_where_a_case_has_no_test(
    tmp_path: Path, numbers: tuple[int, ...], flags: list[str], code: int
) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n    case(n): a case\n")
    (tmp_path / "test_some.py").write_text(TESTS)
    (tmp_path / "cases.txt").write_text("".join(f"{n} title {n}\n" for n in numbers))
    (tmp_path / "conftest.py").write_text(
        "from pathlib import Path\n"
        "from tests.helpers import cases\n"
        "from tests.helpers.cases import *\n"
        "here = Path(__file__).parent\n"
        "cases.whole.__defaults__ = (here,)\n"
        "cases.titles.__defaults__ = (here / 'cases.txt',)\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", ".", *flags],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "  2  " in done.stdout
    assert done.stdout.count("test_some::test_both") == (2 if 2 in numbers or code else 1)
