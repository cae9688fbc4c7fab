from __future__ import annotations

import pytest

from lightning_synthaug.cli.checks.environment import (
    check_albumentations,
    check_threads,
    judge_albumentations,
    judge_threads,
)


@pytest.mark.parametrize(
    ("environ", "status"),
    [
        ({}, "OK"),
        ({"OMP_NUM_THREADS": "1"}, "OK"),
        ({"OMP_NUM_THREADS": "4,2"}, "OK"),
        ({"OMP_NUM_THREADS": "9"}, "WARN"),
        ({"OMP_NUM_THREADS": "0"}, "WARN"),
        ({"MKL_NUM_THREADS": "many"}, "WARN"),
        ({"UNRELATED": "many"}, "OK"),
    ],
)
def test_thread_counts_have_to_fit_the_machine(environ: dict[str, str], status: str) -> None:
    finding = judge_threads(environ, cores=8)
    assert finding.status == status
    assert all(value in finding.detail for name, value in environ.items() if name != "UNRELATED")


def test_the_process_itself_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "100000")
    (finding,) = check_threads()
    assert finding.status == "WARN"


@pytest.mark.parametrize(
    ("versions", "status"),
    [
        ({"albumentations": "2.0.8"}, "OK"),
        ({"albumentationsx": "2.5.1"}, "WARN"),
        ({"albumentations": "2.0.8", "albumentationsx": "2.5.1"}, "FAIL"),
    ],
)
def test_the_agpl_flavour_is_told_apart(versions: dict[str, str], status: str) -> None:
    finding = judge_albumentations(versions)
    assert finding.status == status
    assert ("pip uninstall albumentationsx" in finding.repair) == (status != "OK")


def test_the_installed_flavour_is_the_mit_one() -> None:
    assert {finding.status for finding in check_albumentations()} <= {"OK"}
