"""The index from the logs: what is missing at each opening, or everything anew.

A writer that was killed between log and index, and a power cut that took the index's last
transactions, both leave logs that know more than the index. Opening reads what is behind.
"""

from __future__ import annotations

import contextlib
import operator
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from lightning_synthaug.errors import CacheCorrupt, CacheError
from lightning_synthaug.store.commit import Commit, parse_commit
from lightning_synthaug.store.faults import corrupt_index
from lightning_synthaug.store.header import (
    ShardHeader,
    log_path,
    read_header,
    rows_path,
    shard_of,
)
from lightning_synthaug.store.index import Index, Rows, ShardState
from lightning_synthaug.store.log import BlockKind, read_from, scan
from lightning_synthaug.store.notes import apply_note, parse_note
from lightning_synthaug.store.opened import OpenShard
from lightning_synthaug.store.provenance import Provenance, unpack
from lightning_synthaug.store.tables import INDEX_NAME

__all__ = ["catch_up", "note_journal", "rebuild", "set_aside_index", "verify"]

_LEFT_BEHIND: Final = 3600.0  # seconds; a living writer makes its log milliseconds later
_ALL: Final = ("samples", "shards", "provenance", "journals")


class _Tail(NamedTuple):
    """What a log says beyond a point."""

    header: ShardHeader
    commits: list[Commit]
    sealed: bool
    read_to: int


def catch_up(index: Index, folder: Path) -> None:
    """Bring into the index what logs and journals say beyond it.

    Costs one `stat` and one header a shard when nothing is behind. Shards whose files are gone
    leave the index, so that their samples are made again.

    Raises:
        CacheCorrupt: A shard's header is not as a store writes it.
        CacheError: A later version of the package wrote a shard.
    """
    states = index.shards()
    _sweep(folder)
    logs = _logs(folder)
    gone = [shard for shard in states if shard not in logs]
    if gone:
        index.drop_shards(gone)
    journals = dict(index.read("SELECT id, read_to FROM journals", int, int))
    _take_notes(index, folder, journals)  # first: they say which rows are not to be taken in
    tails = []
    for shard, path in logs.items():
        with contextlib.suppress(FileNotFoundError):  # a writer took back a shard without rows
            read_header(path)  # a shard that was tampered with is told of now, not in a worker
            start = states[shard].read_to if shard in states else 0
            if path.stat().st_size > start:
                tails.append(_tail(path, start))
    _take_tails(index, tails)


def rebuild(index: Index, folder: Path) -> None:
    """Make the index anew from the logs and journals.

    In one transaction: other processes see the old one or the new one. Shards whose header is
    damaged are set aside. Verdicts and tombstones of the old index stay, those of the journals
    come in.

    Raises:
        CacheCorrupt: The file of the index is damaged, and has to be set aside.
    """
    problem = index.execute("PRAGMA integrity_check(1)")
    if problem != [("ok",)]:
        raise corrupt_index(index.path, problem[0][0])
    with index.writing():  # before the logs are read: what others commit meanwhile comes after
        tails = []
        for path in _logs(folder).values():
            try:
                tails.append(_tail(path, 0))
            except FileNotFoundError:  # a writer took back a shard without rows
                continue
            except CacheCorrupt:
                _set_aside(path)
                _set_aside(path.with_suffix(".rows"))
        for table in _ALL:
            index.execute(f"DELETE FROM {table}")
        _take_notes(index, folder, {})
        _take_tails(index, tails)


def _set_aside(path: Path) -> None:
    """Rename a damaged file so that nothing reads it, deleting nothing, not even an earlier one."""
    names = (path.with_name(f"{path.name}.damaged{n}") for n in ("", *range(2, 10**6)))
    with contextlib.suppress(FileNotFoundError):
        path.rename(next(name for name in names if not os.path.lexists(name)))


def _sweep(folder: Path) -> None:
    """Remove data files without a log: of writers that were killed before their shard was whole."""
    for path in folder.glob("*.rows"):
        with contextlib.suppress(OSError):
            long_ago = time.time() - path.stat().st_mtime > _LEFT_BEHIND
            if long_ago and shard_of(path) is not None and not path.with_suffix(".log").exists():
                path.unlink()
                path.with_suffix(".new").unlink(missing_ok=True)


def set_aside_index(folder: Path) -> None:
    """Rename an index that SQLite cannot use, with its write-ahead log."""
    for suffix in ("", "-wal", "-shm"):
        _set_aside(folder / f"{INDEX_NAME}{suffix}")


def verify(index: Index, folder: Path) -> list[bytes]:
    """Check the order of the index, and each of its samples: log entry, key and checksum.

    Returns:
        Keys whose sample is missing or damaged, in order.

    Raises:
        CacheCorrupt: The index is out of order: it would not find again what it holds.
    """
    order = [key for (key,) in index.read("SELECT key FROM samples ORDER BY key", bytes)]
    if any(map(operator.ge, order, order[1:])):  # a search goes astray at a key that does not rise
        raise corrupt_index(index.path, "keys out of order")
    damaged: list[bytes] = []
    for (shard,) in index.read("SELECT DISTINCT shard FROM samples", int):
        wanted = index.rows_of(shard)
        found = index.locate([key for key, _ in wanted])[:, 1].tolist()
        try:
            opened = OpenShard(folder, shard)
            keys = _keys(folder, shard)
        except (OSError, CacheError, MemoryError):
            damaged.extend(key for key, _ in wanted)
            continue
        damaged.extend(
            key
            for (key, row), place in zip(wanted, found, strict=True)
            if place != row or keys.get(row) != key or not opened.has(row)
        )
        opened.close()
    return sorted(damaged)


def _logs(folder: Path) -> dict[int, Path]:
    """List the logs of shards whose data file is there too, by shard id."""
    paths = {shard_of(path): path for path in sorted(folder.glob("*.log"))}
    return {
        shard: path
        for shard, path in paths.items()
        if shard is not None and rows_path(folder, shard).exists()
    }


def _tail(path: Path, start: int) -> _Tail:
    """Read a log from a point on."""
    header = read_header(path)
    commits, sealed, end = [], False, start
    for block in scan(read_from(path, start), base=start):
        end = block.end
        sealed = sealed or block.kind == BlockKind.SEAL
        commit = parse_commit(block.payload, header) if block.kind == BlockKind.COMMIT else None
        if commit is not None:
            commits.append(commit)
    return _Tail(header, commits, sealed, end)


def _keys(folder: Path, shard: int) -> dict[int, bytes]:
    """Read the key of each row of a shard from its log."""
    commits = _tail(log_path(folder, shard), 0).commits
    return {commit.first_row + i: key for commit in commits for i, key in enumerate(commit.keys())}


def _take_tails(index: Index, tails: Sequence[_Tail]) -> None:
    """Bring commits into the index, the oldest first, so that the first of two equal keys wins."""
    if not tails:
        return
    with index.writing():
        gone = set(index.execute("SELECT shard, row FROM forgotten"))
        commits = [(tail.header, commit) for tail in tails for commit in tail.commits]
        for header, commit in sorted(commits, key=lambda pair: (pair[1].stamp, pair[0].shard)):
            _take_commit(index, header.shard, commit, gone)
        for tail in tails:
            index.note_shard(_state(tail))


def _take_commit(index: Index, shard: int, commit: Commit, gone: set[tuple[int, int]]) -> None:
    """Bring one commit into the index, without rows that were forgotten."""
    keys = commit.keys()
    try:
        told = unpack(commit.provenance, len(keys))
    except (ValueError, RecursionError, CacheError):  # the sample is right; who made it is lost
        told = Provenance("{}", ["{}"] * len(keys))
    first = commit.first_row
    kept = [i for i in range(len(keys)) if not gone or (shard, first + i) not in gone]
    rows, own = [first + i for i in kept], [told.own[i] for i in kept]
    index.add(Rows(shard, rows, [keys[i] for i in kept], told.common, own))


def _state(tail: _Tail) -> ShardState:
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


def _take_notes(index: Index, folder: Path, read_to: dict[int, int]) -> None:
    """Bring journals into the index from where they were read to."""
    for path in sorted(folder.glob("*.notes")):
        number = shard_of(path)
        start = read_to.get(number or 0, 0)
        if number is None or path.stat().st_size <= start:
            continue
        try:
            blocks = scan(read_from(path, start), base=start)
        except CacheCorrupt:  # none that a store writes, so nothing of ours is in it
            continue
        with index.writing():
            for block in blocks:
                with contextlib.suppress(ValueError, RecursionError):
                    if block.kind == BlockKind.NOTE:
                        apply_note(index, parse_note(block.payload))
            if blocks:
                note_journal(index, number, blocks[-1].end)


def note_journal(index: Index, number: int, read_to: int) -> None:
    """Say how far a journal is in the index; it never goes backwards."""
    index.execute(
        "INSERT INTO journals VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET "
        "read_to = max(read_to, excluded.read_to)",
        (number, read_to),
    )
