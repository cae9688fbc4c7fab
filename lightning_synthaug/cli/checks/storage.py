"""Whether a cache folder can hold a store: local, writable, with room."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

from lightning_synthaug.cli.checks.finding import Finding, fail, ok, warn
from lightning_synthaug.store.location import INDEX_VARIABLE, file_system, index_path, is_shared

__all__ = ["check_storage"]

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


def _file_system(folder: Path) -> Finding:
    """Judge where the folder lies."""
    kind = file_system(folder)
    if is_shared(folder):
        where = index_path(folder).parent.parent
        detail = (
            f"{folder} is on {kind}, and machines share it: the index of this one is in {where}"
        )
        return ok("cache file system", detail)
    if kind is None:
        repair = f"If other machines write there, too, name a local folder for indexes: {INDEX_VARIABLE}=..."
        return warn("cache file system", f"the type of {folder} cannot be read here", repair=repair)
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
