from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lightning_synthaug.cli.checks import versions
from lightning_synthaug.cli.checks.versions import (
    REFUSED_LIGHTNING,
    check_devices,
    check_versions,
    judge_lightning,
    judge_torchaudio,
)


@pytest.mark.parametrize("version", REFUSED_LIGHTNING)
@pytest.mark.parametrize("name", ["lightning", "pytorch-lightning"])
def test_malicious_lightning_is_refused_with_the_command_that_avoids_it(
    name: str, version: str
) -> None:
    finding = judge_lightning(name, version)
    assert finding.status == "FAIL"
    assert f"'{name}>=2.1,!=2.6.2,!=2.6.3'" in finding.repair


@pytest.mark.parametrize(
    ("version", "status"),
    [("2.0.9", "WARN"), ("2.1.0", "OK"), ("2.6.4", "OK"), ("2.10.0rc1", "OK")],
)
def test_old_lightning_warns(version: str, status: str) -> None:
    assert judge_lightning("lightning", version).status == status


@pytest.mark.parametrize(
    ("audio", "error", "status"),
    [
        ("2.9.1+cpu", "", "OK"),
        ("2.8.0", "", "WARN"),
        ("2.8.0", "OSError: undefined symbol", "FAIL"),
        ("2.9.1", "exit status -11", "FAIL"),
    ],
)
def test_torchaudio_has_to_fit_torch(audio: str, error: str, status: str) -> None:
    finding = judge_torchaudio("2.9.1+cpu", audio, error)
    assert finding.status == status
    assert ("torchaudio==2.9.1'" in finding.repair) == (status != "OK")


def test_this_installation_has_its_core_parts() -> None:
    statuses = {finding.subject: finding.status for finding in check_versions()}
    core = ("python", "sqlite", "numpy", "torch", "safetensors", "lightning")
    assert {statuses[name] for name in core} == {"OK"}


def test_a_core_part_that_does_not_import_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "safetensors.py").write_text("raise OSError('wrong ELF class')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "safetensors", raising=False)
    monkeypatch.setattr(versions, "_import_error", lambda module: "")  # takes seconds each
    found = {finding.subject: finding for finding in check_versions()}
    assert found["safetensors"].status == "FAIL"
    assert "OSError: wrong ELF class" in found["safetensors"].detail


def test_a_lightning_that_does_not_import_is_found_without_importing_it_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("lightning", "pytorch_lightning"):
        (tmp_path / f"{name}.py").write_text("raise OSError('a broken wheel')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    broken = [f for f in check_versions() if f.subject in ("lightning", "pytorch-lightning")]
    assert broken
    for finding in broken:
        assert finding.status == "FAIL"
        assert "does not import: OSError: a broken wheel" in finding.detail


def test_an_import_that_never_ends_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "_IMPORT_TIMEOUT", 0.01)
    assert versions._import_error("numpy") == "not done after 0.01 seconds"


def test_a_torchaudio_that_does_not_import_is_found_without_importing_it_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "torchaudio").mkdir()
    (tmp_path / "torchaudio" / "__init__.py").write_text(
        "raise OSError('undefined symbol: _ZN2at')"
    )
    info = tmp_path / "torchaudio-1.0.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: torchaudio\nVersion: 1.0.0\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.delitem(sys.modules, "torchaudio", raising=False)  # other tests use the real one
    found = {finding.subject: finding for finding in check_devices()}
    assert found["cuda"].status in {"OK", "WARN"}
    assert found["torchaudio"].status == "FAIL"
    assert "undefined symbol: _ZN2at" in found["torchaudio"].detail
    assert "torchaudio" not in sys.modules
