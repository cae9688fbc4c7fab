"""The index from the logs: what is missing at each opening, or everything anew.

A writer that was killed between log and index, and a power cut that took the index's last
transactions, both leave logs that know more than the index. Opening reads what is behind.
"""

from __future__ import annotations

import contextlib
import operator
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from lightning_synthaug.errors import CacheCorrupt
from lightning_synthaug.store.commit import Commit
from lightning_synthaug.store.dropping import finish_drops
from lightning_synthaug.store.faults import corrupt_index, damage_passed_over
from lightning_synthaug.store.header import log_path, read_header, shard_of
from lightning_synthaug.store.index import Index, Rows
from lightning_synthaug.store.location import index_path, is_shared
from lightning_synthaug.store.log import BlockKind, read_from, scan
from lightning_synthaug.store.notes import apply_note, parse_note
from lightning_synthaug.store.opened import OpenShard
from lightning_synthaug.store.tails import Tail, keys_in, logs_in, read_tail, state_of, told_in

__all__ = ["catch_up", "note_journal", "rebuild", "set_aside_index", "take_tails", "verify"]

_LEFT_BEHIND: Final = 3600.0  # seconds; a living writer makes its log milliseconds later
_ALL: Final = ("samples", "shards", "provenance", "journals")


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
    logs = logs_in(folder)
    gone = [shard for shard in states if shard not in logs]
    if gone:
        index.drop_shards(gone)
    journals = dict(index.read("SELECT id, read_to FROM journals", int, int))
    _take_notes(index, folder, journals)  # first: they say which rows are not to be taken in
    tails, shared = [], is_shared(folder)
    for shard, path in logs.items():
        with contextlib.suppress(FileNotFoundError):  # a writer took back a shard without rows
            read_header(path)  # a shard that was tampered with is told of now, not in a worker
            start = states[shard].read_to if shard in states else 0
            if path.stat().st_size > start:
                tails.append(read_tail(path, start))
    # What another machine still writes to, this one may see in part: it waits until that is closed.
    take_tails(index, [t for t in tails if t.sealed or not shared or t.header.shard in states])


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
        for path in logs_in(folder).values():
            try:
                tails.append(read_tail(path, 0))
            except FileNotFoundError:  # a writer took back a shard without rows
                continue
            except CacheCorrupt:
                _set_aside(path)
                _set_aside(path.with_suffix(".rows"))
        for table in _ALL:
            index.execute(f"DELETE FROM {table}")
        _take_notes(index, folder, {})
        take_tails(index, tails)


def _set_aside(path: Path) -> None:
    """Rename a damaged file so that nothing reads it, deleting nothing, not even an earlier one."""
    names = (path.with_name(f"{path.name}.damaged{n}") for n in ("", *range(2, 10**6)))
    with contextlib.suppress(FileNotFoundError):
        path.rename(next(name for name in names if not os.path.lexists(name)))


def _sweep(folder: Path) -> None:
    """Remove what is left of shards: of writers killed before theirs was whole, and of drops cut short."""
    finish_drops(folder)
    for path in folder.glob("*.rows"):
        with contextlib.suppress(OSError):
            long_ago = time.time() - path.stat().st_mtime > _LEFT_BEHIND
            if long_ago and shard_of(path) is not None and not path.with_suffix(".log").exists():
                path.unlink()
                path.with_suffix(".new").unlink(missing_ok=True)


def set_aside_index(folder: Path) -> None:
    """Rename an index that SQLite cannot use, with its write-ahead log."""
    path = index_path(folder)
    for suffix in ("", "-wal", "-shm"):
        _set_aside(path.with_name(f"{path.name}{suffix}"))


def verify(
    index: Index, folder: Path, progress: Callable[[int], object] | None = None
) -> list[bytes]:
    """Check the order of the index, and each of its samples: log entry, key and checksum.

    Args:
        index: The index.
        folder: Folder of the store.
        progress: Called with the number of samples looked at since the last call.

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
        if progress is not None:
            progress(len(wanted))
        found = index.locate([key for key, _ in wanted])[:, 1].tolist()
        keys = None
        with damage_passed_over(folder):
            opened, keys = OpenShard(folder, shard), keys_in(folder, shard)
        if keys is None:
            damaged.extend(key for key, _ in wanted)
            continue
        damaged.extend(
            key
            for (key, row), place in zip(wanted, found, strict=True)
            if place != row or keys.get(row) != key or not opened.has(row)
        )
        opened.close()
    return sorted(damaged)


def take_tails(index: Index, tails: Sequence[Tail]) -> None:
    """Bring commits into the index, the oldest first, so that the first of two equal keys wins."""
    if not tails:
        return
    folder = index.folder
    with index.writing():
        # Who drops shards does it inside `writing`: what was read before must be there still.
        tails = [tail for tail in tails if log_path(folder, tail.header.shard).exists()]
        gone = set(index.execute("SELECT shard, row FROM forgotten"))
        commits = [(tail.header, commit) for tail in tails for commit in tail.commits]
        for header, commit in sorted(commits, key=lambda pair: (pair[1].stamp, pair[0].shard)):
            _take_commit(index, header.shard, commit, gone)
        for tail in tails:
            index.note_shard(state_of(tail))


def _take_commit(index: Index, shard: int, commit: Commit, gone: set[tuple[int, int]]) -> None:
    """Bring one commit into the index, without rows that were forgotten."""
    keys, told = commit.keys(), told_in(commit)
    first = commit.first_row
    kept = [i for i in range(len(keys)) if not gone or (shard, first + i) not in gone]
    rows, own = [first + i for i in kept], [told.own[i] for i in kept]
    index.add(Rows(shard, rows, [keys[i] for i in kept], told.common, own))


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
