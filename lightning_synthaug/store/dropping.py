"""Take whole shards out of a store, so that a kill at any moment leaves the shard or misses."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from lightning_synthaug.store.durable import sync_folder
from lightning_synthaug.store.header import log_path, rows_path, shard_of
from lightning_synthaug.store.index import Index

__all__ = ["drop_shards", "finish_drops"]

_DROPPED: Final = ".dropped"


def drop_shards(index: Index, folder: Path, shards: Sequence[int]) -> None:
    """Take shards out: their files go, and the index hears of it in the same transaction.

    The logs are renamed first: from then on there are no such shards. After a kill the next opening
    removes what is left, and takes the shards out of the index. Were the index told first, that
    opening would take the shards in again, with the rows that had been forgotten. Processes that have
    the files mapped go on reading them.

    Args:
        index: The index.
        folder: Folder of the store.
        shards: Their ids. All at once cost little more than one: the folder is synced once, and the index
            looked through once.

    Raises:
        OSError: A file cannot be removed.
    """
    if not shards:
        return
    with index.writing():
        for shard in shards:
            with contextlib.suppress(FileNotFoundError):
                log_path(folder, shard).rename(_dropped(folder, shard))
        sync_folder(folder)  # a power cut must not bring back what the index has let go
        for shard in shards:
            rows_path(folder, shard).unlink(missing_ok=True)
            _dropped(folder, shard).unlink(missing_ok=True)
        index.drop_shards(shards)


def _dropped(folder: Path, shard: int) -> Path:
    """Return what the log of a shard that is going is called."""
    return log_path(folder, shard).with_suffix(_DROPPED)


def finish_drops(folder: Path) -> None:
    """Remove the files of shards whose drop was cut short; what cannot be removed stays."""
    for path in folder.glob(f"*{_DROPPED}"):
        with contextlib.suppress(OSError):
            if shard_of(path) is not None:
                path.with_suffix(".rows").unlink(missing_ok=True)
                path.unlink(missing_ok=True)
