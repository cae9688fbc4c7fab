"""Where the index of a store lies: with its shards on a local disk, apart from them where machines share a folder.

SQLite must not lie on a network file system: its locks do not hold there. Shards may, since each has one writer and
nothing of them is ever changed; each machine has an index of its own over them, and reads of other machines' shards
only those that are closed.
"""

from __future__ import annotations

import hashlib
import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Final

from lightning_synthaug.store.tables import INDEX_NAME

__all__ = [
    "INDEX_VARIABLE",
    "file_system",
    "file_system_of",
    "index_path",
    "is_network",
    "is_shared",
]

#: Environment variable that names a folder for indexes: every cache counts as one that machines share then.
INDEX_VARIABLE: Final = "LIGHTNING_SYNTHAUG_INDEX"
_MOUNTS = Path("/proc/mounts")
_NETWORK = frozenset(
    {"9p", "afs", "beegfs", "ceph", "cifs", "glusterfs", "gpfs", "lustre", "nfs", "nfs4", "ocfs2"}
    | {"orangefs", "panfs", "smb3", "smbfs", "virtiofs", "wekafs"}
)
_LOCAL_FUSE = frozenset({"fuse.ext4", "fuse.fuse-overlayfs", "fuse.ntfs", "fuseblk"})


def is_shared(folder: Path) -> bool:
    """Tell whether several machines may write to a folder.

    Args:
        folder: Folder of a store; it need not exist yet.

    Returns:
        True on a network file system, and wherever the environment names a folder for indexes.
    """
    kind = file_system(folder)
    return bool(os.environ.get(INDEX_VARIABLE)) or (kind is not None and is_network(kind))


def file_system(folder: Path) -> str | None:
    """Find the type of the file system that holds a folder.

    Args:
        folder: A folder; it need not exist yet.

    Returns:
        For example `"ext4"`; None where the system does not tell.
    """
    try:
        return file_system_of(folder.resolve(), _MOUNTS.read_text(errors="replace"))
    except OSError:
        return None


def index_path(folder: Path) -> Path:
    """Say where the index of a store lies.

    Args:
        folder: Folder of the store.

    Returns:
        A file in it, or one on this machine that is named after it.
    """
    if not is_shared(folder):
        return folder / INDEX_NAME
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    own = os.environ.get(INDEX_VARIABLE) or Path(base) / "lightning_synthaug" / "indexes"
    digest = hashlib.blake2b(os.fsencode(folder.resolve()), digest_size=12).hexdigest()
    return Path(own).expanduser().absolute() / digest / INDEX_NAME


@lru_cache(maxsize=16)  # each look into a store asks
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


def _unescape(field: str) -> str:
    """Undo the octal escapes of `/proc/mounts`."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), field)
