"""Whether a folder holds a store, told without making anything there."""

from __future__ import annotations

import os
from pathlib import Path

from lightning_synthaug.errors import CacheError
from lightning_synthaug.store.header import shard_of
from lightning_synthaug.store.location import index_path

__all__ = ["require_store"]


def require_store(path: str | os.PathLike[str]) -> Path:
    """Return a folder that holds a store.

    Args:
        path: The folder.

    Returns:
        The same, absolute.

    Raises:
        CacheError: There is none: neither an index nor a shard (SA330).
    """
    folder = Path(path).absolute()
    logs = folder.glob("*.log") if folder.is_dir() else ()
    if not index_path(folder).is_file() and all(shard_of(log) is None for log in logs):
        raise CacheError(
            "SA330",
            f"The folder must hold a cache, with an index or shards, got {str(folder)!r}. Name the folder that the "
            "run had as `cache=`; `synthaug doctor` shows the default one.",
        )
    return folder
