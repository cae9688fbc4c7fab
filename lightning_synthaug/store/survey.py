"""Each sample of a store with what is known of it besides its content."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from lightning_synthaug.store.commit import Commit
from lightning_synthaug.store.faults import corrupt_index, damage_passed_over
from lightning_synthaug.store.header import log_path
from lightning_synthaug.store.index import Index, ShardState
from lightning_synthaug.store.tails import read_tail

__all__ = ["UNNAMED", "StoredSample", "samples_of", "survey"]

UNNAMED: Final = "(unnamed)"


class StoredSample(NamedTuple):
    """What is known of a sample.

    Attributes:
        key: Sample key. 16 bytes.
        shard: Shard that it lies in.
        row: Row in that shard.
        size: Length of its row. Bytes.
        at: When it was stored. Nanoseconds since 1970.
        provenance: What was given to `put`.
    """

    key: bytes
    shard: int
    row: int
    size: int
    at: int
    provenance: dict[str, Any]

    @property
    def generator(self) -> str:
        """Name of the generator that made it."""
        name = self.provenance.get("name")
        return name if isinstance(name, str) and name else UNNAMED

    @property
    def label(self) -> int | str | None:
        """Label that was asked for, None when none was."""
        label = self.provenance.get("label")
        return label if isinstance(label, int | str) else None


def survey(index: Index, folder: Path) -> Iterator[StoredSample]:
    """Go through a store, the oldest shard first, in the order of the rows.

    Raises:
        CacheCorrupt: The index was tampered with.
    """
    for state in sorted(index.shards().values(), key=lambda state: (state.created, state.shard)):
        yield from samples_of(index, folder, state)


def samples_of(index: Index, folder: Path, state: ShardState) -> list[StoredSample]:
    """List the samples of one shard, in the order of the rows.

    Raises:
        CacheCorrupt: The index was tampered with.
    """
    sql = (
        "SELECT key, row, coalesce(provenance.common, '{}'), own FROM samples LEFT JOIN provenance "
        f"ON provenance.id = samples.common WHERE shard = {state.shard:d} ORDER BY row"
    )
    rows = index.read(sql, bytes, int, str, str)
    sizes, stamps = _sizes_and_stamps(folder, state)
    shared: dict[str, dict[str, Any]] = {}
    found = []
    for key, row, common, own in rows:
        if common not in shared:
            shared[common] = _object(index, common)
        known = row < len(sizes)
        size, at = (int(sizes[row]), int(stamps[row])) if known else (0, state.created)
        told = {**shared[common], **_object(index, own)}
        found.append(StoredSample(key, state.shard, row, size, at, told))
    return found


def _sizes_and_stamps(folder: Path, state: ShardState) -> tuple[Any, Any]:
    """Read length and time of each row from the log; of a damaged one nothing is known."""
    sizes = np.zeros(state.rows, np.int64)
    stamps = np.full(state.rows, state.created, np.int64)
    commits: list[Commit] = []
    with damage_passed_over(folder):
        commits = read_tail(log_path(folder, state.shard), 0).commits
    for commit in commits:
        span = slice(commit.first_row, commit.first_row + len(commit.entries))
        count = len(sizes[span])  # rows that came since the index was asked are not told of
        sizes[span] = commit.entries["length"][:count]
        stamps[span] = commit.stamp
    return sizes, stamps


def _object(index: Index, text: str) -> dict[str, Any]:
    """Read one part of a provenance."""
    try:
        value = json.loads(text)
        if not isinstance(value, dict):
            raise ValueError("provenance must be a JSON object")
    except (ValueError, RecursionError) as error:
        raise corrupt_index(index.path, error) from error
    return value
