from __future__ import annotations

from pathlib import Path

import pytest

from lightning_synthaug.cli.checks.extras import check_extras, extras_of, judge_extra


def test_requirement_lines_are_grouped_by_extra() -> None:
    lines = [
        "torch>=2.1",
        'albumentations<3,>=2.0.8; extra == "images"',
        "pillow>=10; extra == 'images'",
        'lightning!=2.6.2,>=2.1; extra == "lightning"',
        'lightning-synthaug[images]; extra == "demo"',
        'ruff>=0.11; extra == "dev"',
        'tomli>=2; python_version < "3.11" and extra == "report"',
    ]
    assert extras_of(lines) == {
        "images": ["albumentations", "pillow"],
        "lightning": ["lightning"],
        "report": ["tomli"],
    }


@pytest.mark.parametrize(
    ("names", "status", "said"),
    [
        (["numpy", "pytest"], "OK", "numpy "),
        (["no-such-one", "no-such-two"], "OK", "optional"),
        (["numpy", "no-such-one"], "WARN", "without no-such-one"),
    ],
)
def test_only_an_incomplete_extra_is_worth_a_warning(
    names: list[str], status: str, said: str
) -> None:
    finding = judge_extra("probe", names)
    assert (finding.status, said in finding.detail) == (status, True)


def test_running_from_source_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    (finding,) = check_extras()
    assert finding.status == "WARN"
    assert 'pip install "."' in finding.repair
