"""Take whole shards out of a store, so that a kill at any moment leaves the shard or misses."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Final

from lightning_synthaug.store.header import log_path, rows_path, shard_of
from lightning_synthaug.store.index import Index
from lightning_synthaug.store.writer import sync_folder

__all__ = ["drop_shard", "finish_drops"]

_DROPPED: Final = ".dropped"  # what the log of a shard that is going is called


def drop_shard(index: Index, folder: Path, shard: int) -> None:
    """Take a shard out: its files go, and the index hears of it in the same transaction.

    The log is renamed first: from then on there is no such shard. After a kill the next opening
    removes what is left, and takes the shard out of the index. Were the index told first, that
    opening would take the shard in again, with the rows that had been forgotten. Processes that have
    the file mapped go on reading it.

    Raises:
        OSError: A file cannot be removed.
    """
    log = log_path(folder, shard)
    with index.writing():
        with contextlib.suppress(FileNotFoundError):
            log.rename(log.with_suffix(_DROPPED))
        sync_folder(folder)  # a power cut must not bring back what the index has let go
        rows_path(folder, shard).unlink(missing_ok=True)
        log.with_suffix(_DROPPED).unlink(missing_ok=True)
        index.drop_shards([shard])


def finish_drops(folder: Path) -> None:
    """Remove the files of shards whose drop was cut short; what cannot be removed stays."""
    for path in folder.glob(f"*{_DROPPED}"):
        with contextlib.suppress(OSError):
            if shard_of(path) is not None:
                path.with_suffix(".rows").unlink(missing_ok=True)
                path.unlink(missing_ok=True)
