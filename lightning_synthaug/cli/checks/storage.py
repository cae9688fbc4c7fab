"""Whether a cache folder can hold a store: local, writable, with room."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

from lightning_synthaug.cli.checks.finding import Finding, fail, ok, warn

__all__ = ["check_storage", "file_system_of", "is_network"]

_MOUNTS = Path("/proc/mounts")
_NETWORK = frozenset(
    {"9p", "afs", "beegfs", "ceph", "cifs", "glusterfs", "gpfs", "lustre", "nfs", "nfs4", "ocfs2"}
    | {"orangefs", "panfs", "smb3", "smbfs", "virtiofs", "wekafs"}
)
_LOCAL_FUSE = frozenset({"fuse.ext4", "fuse.fuse-overlayfs", "fuse.ntfs", "fuseblk"})
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_WARN_BELOW = 2 * 10**9
_FAIL_BELOW = 10**8


def check_storage(cache: str | os.PathLike[str]) -> list[Finding]:
    """Look at the folder that a cache is in, or would be made in.

    Nothing is created but one temporary file, which is removed.

    Args:
        cache: Folder of the store; it need not exist yet. `~` is the home folder, as in a shell.

    Returns:
        Findings on its file system, on writing to it, and on free disk.
    """
    if _URL.match(os.fspath(cache)):
        detail = f"{os.fspath(cache)} is an address, and a cache has to be a folder"
        return [fail("cache folder", detail, repair="Choose a folder on a local disk: cache=...")]
    folder = _nearest_existing(Path(cache).expanduser().absolute())
    if not folder.is_dir():
        detail = f"{cache} lies under {folder}, which is not a folder"
        return [fail("cache folder", detail, repair="Choose another folder: cache=...")]
    return [_file_system(folder), _writable(folder), _room(folder)]


def file_system_of(path: Path, mounts: str) -> str | None:
    r"""Find the type of the file system that holds a path.

    Args:
        path: Absolute path.
        mounts: Text in the format of `/proc/mounts`. Later lines cover earlier ones.

    Returns:
        Type of the deepest mount above the path, for example `"ext4"`; None when none is listed.

    Example:
        >>> text = "disk / ext4 rw 0 0\nhost:/x /data/my\\040set nfs4 rw 0 0"
        >>> file_system_of(Path("/data/my set/cache"), text)
        'nfs4'
    """
    best: tuple[int, str] | None = None
    for line in mounts.splitlines():
        fields = line.split()
        if len(fields) < 3:
            continue
        point = Path(_unescape(fields[1]))
        if path.is_relative_to(point) and (best is None or len(point.parts) >= best[0]):
            best = (len(point.parts), fields[2])
    return best[1] if best else None


def is_network(kind: str) -> bool:
    """Say whether a type of file system is one that other machines share.

    FUSE mounts count as such unless known to be local: SQLite's locks and memory maps are unsafe on
    what cannot be told apart from a bucket.

    Args:
        kind: Type as in `/proc/mounts`.

    Returns:
        True for network and unknown FUSE file systems.

    Example:
        >>> is_network("nfs4"), is_network("fuse.sshfs"), is_network("ext4")
        (True, True, False)
    """
    return kind in _NETWORK or (kind.startswith("fuse.") and kind not in _LOCAL_FUSE)


def _file_system(folder: Path) -> Finding:
    """Judge where the folder lies."""
    kind = None
    if _MOUNTS.is_file():
        kind = file_system_of(folder.resolve(), _MOUNTS.read_text(errors="replace"))
    if kind is None:
        repair = "Make sure that it is a local disk: SQLite must not lie on a network file system."
        return warn("cache file system", f"the type of {folder} cannot be read here", repair=repair)
    if is_network(kind):
        detail = f"{folder} is on {kind}, a network file system: the index (SQLite) can be damaged"
        return fail(
            "cache file system", detail, repair="Choose a folder on a local disk: cache=..."
        )
    return ok("cache file system", f"{folder} is on {kind}")


def _writable(folder: Path) -> Finding:
    """Write a small file and remove it: permissions do not tell of quotas and read-only mounts."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"synthaug")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        repair = f"Make {folder} writable, or choose another folder: cache=..."
        return fail("cache writable", f"{folder}: {error.strerror}", repair=repair)
    return ok("cache writable", str(folder))


def _room(folder: Path) -> Finding:
    """Judge free disk."""
    free = shutil.disk_usage(folder).free
    detail, repair = f"{free / 1e9:.1f} GB free in {folder}", "Make room, or choose another folder."
    if free < _FAIL_BELOW:
        return fail("free disk", detail, repair=repair)
    return (
        ok("free disk", detail) if free >= _WARN_BELOW else warn("free disk", detail, repair=repair)
    )


def _nearest_existing(path: Path) -> Path:
    """The path itself or the closest parent that exists."""
    while not path.exists():
        path = path.parent
    return path


def _unescape(field: str) -> str:
    """Undo the octal escapes of `/proc/mounts`."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), field)
