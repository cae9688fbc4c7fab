from __future__ import annotations

from pathlib import Path

import pytest

from lightning_synthaug.cli.checks.plugins import GROUP, check_plugins


def install(folder: Path, *, name: str, points: str) -> None:
    """Put a distribution with entry points where Python finds it, as an installer would."""
    info = folder / f"{name.replace('-', '_')}-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{points}\n")


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
    (finding,) = (f for f in check_plugins() if f.status == "WARN")
    assert finding.subject == "generator same"
    assert "probe-one 1.2" in finding.detail
    assert "probe-two 1.2" in finding.detail


def test_no_point_at_all_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    (finding,) = check_plugins()
    assert finding.status == "WARN"
    assert GROUP in finding.detail
