"""What the logs of shards say, read without the index."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from lightning_synthaug.errors import CacheError
from lightning_synthaug.store.commit import Commit, parse_commit
from lightning_synthaug.store.header import ShardHeader, log_path, read_header, rows_path, shard_of
from lightning_synthaug.store.index import ShardState
from lightning_synthaug.store.log import BlockKind, read_from, scan
from lightning_synthaug.store.provenance import Provenance, unpack

__all__ = ["Tail", "keys_in", "logs_in", "read_tail", "state_of", "told_in"]


class Tail(NamedTuple):
    """What a log says beyond a point.

    Attributes:
        header: Header of the shard.
        commits: Whole commits beyond the point, in the order of the log.
        sealed: Whether a seal is among the blocks.
        read_to: Where the last whole block ends. Bytes.
    """

    header: ShardHeader
    commits: list[Commit]
    sealed: bool
    read_to: int


def logs_in(folder: Path) -> dict[int, Path]:
    """List the logs of shards whose data file is there too, by shard id."""
    paths = {shard_of(path): path for path in sorted(folder.glob("*.log"))}
    return {
        shard: path
        for shard, path in paths.items()
        if shard is not None and rows_path(folder, shard).exists()
    }


def read_tail(path: Path, start: int) -> Tail:
    """Read a log from a point on.

    Args:
        path: The log.
        start: Where to begin: 0, or the end of a block. Bytes.

    Returns:
        What it says.

    Raises:
        CacheCorrupt: Its header is not as a store writes it.
        CacheError: A later version of the package wrote it.
        OSError: It cannot be read.
    """
    header = read_header(path)
    commits, sealed, end = [], False, start
    for block in scan(read_from(path, start), base=start):
        end = block.end
        sealed = sealed or block.kind == BlockKind.SEAL
        commit = parse_commit(block.payload, header) if block.kind == BlockKind.COMMIT else None
        if commit is not None:
            commits.append(commit)
    return Tail(header, commits, sealed, end)


def keys_in(folder: Path, shard: int) -> dict[int, bytes]:
    """Read the key of each row of a shard from its log."""
    commits = read_tail(log_path(folder, shard), 0).commits
    return {commit.first_row + i: key for commit in commits for i, key in enumerate(commit.keys())}


def told_in(commit: Commit) -> Provenance:
    """Read the provenance of a commit, empty where it cannot be read: the samples are right without."""
    count = len(commit.entries)
    try:
        return unpack(commit.provenance, count)
    except (ValueError, RecursionError, CacheError):
        return Provenance("{}", ["{}"] * count)


def state_of(tail: Tail) -> ShardState:
    """Sum up what is known of a shard."""
    header, commits = tail.header, tail.commits
    rows = max((c.first_row + len(c.entries) for c in commits), default=0)
    ends = [
        int((c.entries["offset"] + c.entries["length"]).max()) for c in commits if c.entries.size
    ]
    created = min((c.stamp for c in commits), default=0)
    size = max(ends, default=0)
    text = header.schema.text
    return ShardState(header.shard, text, rows, size, tail.read_to, tail.sealed, created)
