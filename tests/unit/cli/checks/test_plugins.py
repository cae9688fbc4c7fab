from __future__ import annotations

from pathlib import Path

import pytest

from lightning_synthaug.cli.checks.plugins import check_plugins
from lightning_synthaug.generators.gates.registry import GROUP as GATES
from lightning_synthaug.generators.registry import GROUP


def install(folder: Path, *, name: str, points: str, group: str = GROUP) -> None:
    """Put a distribution with entry points where Python finds it, as an installer would."""
    info = folder / f"{name.replace('-', '_')}-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(f"[{group}]\n{points}\n")


def test_each_point_is_named_with_its_distribution(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(
        tmp_path,
        name="probe-good",
        points="good = lightning_synthaug.generators:FolderGenerator\nordered = collections:OrderedDict",
    )
    install(tmp_path, name="probe-bad", points="missing = no_such_module:Thing")
    monkeypatch.syspath_prepend(tmp_path)
    found = {finding.subject: finding for finding in check_plugins()}
    assert found["generator good"].status == "OK"
    assert "probe-good 1.2" in found["generator good"].detail
    assert found["generator ordered"].status == "FAIL"
    assert "is no subclass of" in found["generator ordered"].detail
    assert found["generator missing"].status == "FAIL"
    assert "no_such_module:Thing of probe-bad 1.2" in found["generator missing"].detail
    assert "ModuleNotFoundError" in found["generator missing"].detail
    assert "probe-bad" in found["generator missing"].repair


def test_a_name_claimed_twice_warns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, name="probe-one", points="same = collections:OrderedDict")
    install(tmp_path, name="probe-two", points="same = collections:deque")
    monkeypatch.syspath_prepend(tmp_path)
    (finding,) = (
        f for f in check_plugins() if f.subject == "generator same" and f.status == "WARN"
    )
    assert "probe-one 1.2" in finding.detail
    assert "probe-two 1.2" in finding.detail


def test_no_point_at_all_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    findings = check_plugins()
    assert [(finding.subject, finding.status) for finding in findings] == [
        ("generators", "WARN"),
        ("gates", "WARN"),
    ]
    assert [group in f.detail for group, f in zip((GROUP, GATES), findings, strict=True)] == [
        True
    ] * 2


def test_gates_are_looked_at_in_their_own_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = "good = lightning_synthaug.generators.gates:ValidImage\n"
    points += "other = lightning_synthaug.generators:FolderGenerator"
    install(tmp_path, name="probe-gates", points=points, group=GATES)
    monkeypatch.syspath_prepend(tmp_path)
    found = {finding.subject: finding for finding in check_plugins()}
    assert found["gate good"].status == "OK"
    assert found["gate other"].status == "FAIL"
    assert (
        "is no subclass of lightning_synthaug.generators.gates.base.Gate"
        in found["gate other"].detail
    )
