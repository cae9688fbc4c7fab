from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from lightning_synthaug.cli.checks.storage import check_storage
from lightning_synthaug.store import location


def test_an_address_is_no_folder() -> None:
    (finding,) = check_storage("s3://bucket/cache")
    assert (finding.status, finding.subject) == ("FAIL", "cache folder")


def test_the_home_folder_is_meant_by_its_sign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert all(str(tmp_path) in finding.detail for finding in check_storage("~/cache")[1:])


def statuses(cache: Path) -> dict[str, str]:
    return {finding.subject: finding.status for finding in check_storage(cache)}


def test_a_folder_that_does_not_exist_yet_is_judged_by_its_parent(tmp_path: Path) -> None:
    assert statuses(tmp_path / "runs" / "cache")["cache writable"] == "OK"
    assert list(tmp_path.iterdir()) == []


def test_a_network_mount_has_its_index_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(
        f"host:/x {str(tmp_path.resolve()).replace(' ', chr(92) + '040')} nfs4 rw 0 0\n"
    )
    monkeypatch.setattr(location, "_MOUNTS", mounts)
    (found,) = (f for f in check_storage(tmp_path) if f.subject == "cache file system")
    assert found.status == "OK"
    assert "is on nfs4" in found.detail
    assert str(location.index_path(tmp_path).parent.parent) in found.detail


def test_without_a_mount_table_the_user_is_asked_to_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(location, "_MOUNTS", tmp_path / "absent")
    assert statuses(tmp_path)["cache file system"] == "WARN"


@pytest.mark.skipif(
    not Path("/proc/self").is_dir(), reason="needs a folder that nobody can write to: /proc"
)
def test_a_folder_that_cannot_be_written_to_fails() -> None:
    (finding,) = (f for f in check_storage(Path("/proc/self")) if f.subject == "cache writable")
    assert finding.status == "FAIL"
    assert finding.repair


def test_a_file_in_the_way_fails(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert statuses(tmp_path / "file" / "cache") == {"cache folder": "FAIL"}


@pytest.mark.parametrize(("free", "status"), [(10**7, "FAIL"), (10**9, "WARN"), (10**10, "OK")])
def test_free_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, status: str) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=free))
    assert statuses(tmp_path)["free disk"] == status


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    check_storage(tmp_path)
    assert list(tmp_path.iterdir()) == []
