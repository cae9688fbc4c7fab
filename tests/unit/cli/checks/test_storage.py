from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from lightning_synthaug.cli.checks import storage
from lightning_synthaug.cli.checks.storage import check_storage, file_system_of, is_network

MOUNTS = r"""
overlay / overlay rw,relatime 0 0
tmpfs /dev/shm tmpfs rw 0 0
host:/export /data nfs4 rw,vers=4.2 0 0
/dev/sdb1 /data/local ext4 rw 0 0
bucket /my\040bucket fuse.gcsfuse rw 0 0
//server/share /data/local/share cifs rw 0 0
malformed
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "overlay"),
        ("/home-like/cache", "overlay"),
        ("/data/cache", "nfs4"),
        ("/database/cache", "overlay"),
        ("/data/local/cache", "ext4"),
        ("/data/local/share/x", "cifs"),
        ("/my bucket/cache", "fuse.gcsfuse"),
        ("/dev/shm", "tmpfs"),
    ],
)
def test_the_deepest_mount_decides(path: str, kind: str) -> None:
    assert file_system_of(Path(path), MOUNTS) == kind


def test_a_later_mount_covers_an_earlier_one() -> None:
    assert file_system_of(Path("/a/b"), "x /a ext4 rw\ny /a nfs rw") == "nfs"


def test_an_empty_table_says_nothing() -> None:
    assert file_system_of(Path("/a"), "") is None


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "lustre", "fuse.s3fs", "fuse.sshfs", "9p"])
def test_shared_file_systems_are_network(kind: str) -> None:
    assert is_network(kind)


@pytest.mark.parametrize("kind", ["ext4", "xfs", "overlay", "tmpfs", "fuseblk", "btrfs", "zfs"])
def test_disks_are_not_network(kind: str) -> None:
    assert not is_network(kind)


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


def test_a_network_mount_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(
        f"host:/x {str(tmp_path.resolve()).replace(' ', chr(92) + '040')} nfs4 rw 0 0\n"
    )
    monkeypatch.setattr(storage, "_MOUNTS", mounts)
    assert statuses(tmp_path)["cache file system"] == "FAIL"


def test_without_a_mount_table_the_user_is_asked_to_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "_MOUNTS", tmp_path / "absent")
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
