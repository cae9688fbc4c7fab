from __future__ import annotations

from pathlib import Path

import pytest

from lightning_synthaug.store import location
from lightning_synthaug.store.location import (
    file_system,
    file_system_of,
    index_path,
    is_network,
    is_shared,
)

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


def test_an_index_lies_with_its_shards_or_on_the_machine_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(location.INDEX_VARIABLE, raising=False)
    cache = tmp_path / "shared" / "cache"
    assert index_path(cache) == cache / "index.sqlite"
    mounts = tmp_path / "mounts"
    mounts.write_text(f"disk / ext4 rw 0 0\nhost:/x {tmp_path.resolve()}/shared nfs4 rw 0 0\n")
    monkeypatch.setattr(location, "_MOUNTS", mounts)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    assert file_system(cache) == "nfs4"
    assert is_shared(cache)
    assert not is_shared(tmp_path / "cache")
    mine, other = index_path(cache), index_path(cache / "deeper")
    assert mine.is_relative_to(tmp_path / "home" / "lightning_synthaug" / "indexes")
    assert mine != other
    assert index_path(cache / ".." / "cache") == mine


def test_the_environment_names_a_folder_for_indexes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(location.INDEX_VARIABLE, str(tmp_path / "indexes"))
    assert is_shared(tmp_path / "cache")
    assert index_path(tmp_path / "cache").is_relative_to(tmp_path / "indexes")
    assert not (tmp_path / "indexes").exists()


def test_a_system_without_a_table_of_mounts_has_disks_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(location, "_MOUNTS", tmp_path / "absent")
    assert file_system(tmp_path) is None
    assert not is_shared(tmp_path)
