"""Take over the shards of another store, checked row by row while they are copied."""

from __future__ import annotations

import contextlib
import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from lightning_synthaug.errors import CacheCorrupt, CacheError
from lightning_synthaug.store.budget import check_room
from lightning_synthaug.store.commit import Commit
from lightning_synthaug.store.durable import sync, sync_folder
from lightning_synthaug.store.faults import damage_passed_over, damaged_shard
from lightning_synthaug.store.header import log_path, name_of, rows_path, shard_of
from lightning_synthaug.store.holding import is_held
from lightning_synthaug.store.log import BlockKind, frame, open_file, read_from, scan, write_all
from lightning_synthaug.store.notes import parse_note
from lightning_synthaug.store.recovery import catch_up, take_tails
from lightning_synthaug.store.session import Session
from lightning_synthaug.store.tails import Tail, logs_in, read_tail, state_of

__all__ = ["Merged", "merge"]

_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
_Places = set[tuple[int, int]]


class Merged(NamedTuple):
    """What merging did.

    Attributes:
        shards: Shards copied.
        samples: Samples that are new here.
        skipped: Shards that had nothing new.
        held: Shards left out because a process is writing to them.
        refused: Names of damaged shards, with what is wrong.
    """

    shards: int
    samples: int
    skipped: int
    held: int
    refused: dict[str, str]


def merge(
    session: Session,
    folder: Path,
    source: Path,
    *,
    byte_budget: int,
    progress: Callable[[int], object] | None = None,
) -> Merged:
    """Copy shards, verdicts and tombstones of another store; nothing there is changed.

    Each shard appears here when it is whole, under its own id, so a merge that was cut short goes on
    where it stood. A key that is here keeps its sample. The caller has seen to it that nobody else
    copies or drops.

    Args:
        session: What this process has open.
        folder: Folder of the store that grows.
        source: Folder of the other store.
        byte_budget: What the store may hold. Bytes.
        progress: Called once for each shard of the source.

    Returns:
        What was done.

    Raises:
        CacheFull: No room is left; shards that were copied stay.
    """
    index = session.index
    samples, here = _count(session), index.shards()
    copied = skipped = held = 0
    refused: dict[str, str] = {}
    gone = _take_journals(source, folder)
    catch_up(index, folder)  # which rows of the coming shards were taken out
    for shard, log in logs_in(source).items():
        if progress is not None:
            progress(1)
        if shard in here:
            skipped += 1
            continue
        busy = is_held(log)  # before it is read: who seals it meanwhile has written all
        try:
            tail = read_tail(log, 0)
            if busy and not tail.sealed:
                held += 1
                continue
            content = read_from(log, 0)[: tail.read_to]
            _check_commits(rows_path(source, shard), tail)
        except (OSError, CacheError) as error:
            refused[name_of(shard)] = str(error)
            continue
        if not _has_news(session, tail, gone):
            skipped += 1
        else:
            more = state_of(tail).size + tail.read_to
            check_room(used=session.used(), more=more, byte_budget=byte_budget, folder=folder)
            try:
                _copy(source, folder, tail, content, gone)
            except CacheCorrupt as error:
                refused[name_of(shard)] = str(error)
                continue
            copied += 1
            take_tails(index, [read_tail(log_path(folder, shard), 0)])
    return Merged(copied, _count(session) - samples, skipped, held, refused)


def _count(session: Session) -> int:
    """Count the samples of the store."""
    return int(session.index.read("SELECT count(*) FROM samples", int)[0][0])


def _has_news(session: Session, tail: Tail, gone: _Places) -> bool:
    """Tell whether a shard has a sample whose key is not in the store."""
    shard = tail.header.shard
    for commit in tail.commits:
        numbered = enumerate(commit.keys(), start=commit.first_row)
        alive = [key for row, key in numbered if (shard, row) not in gone]
        if (session.index.locate(alive)[:, 0] < 0).any():
            return True
    return False


def _copy(source: Path, folder: Path, tail: Tail, content: memoryview, gone: _Places) -> None:
    """Copy one shard; its log appears under its name when all is whole.

    Raises:
        CacheCorrupt: It is damaged; nothing of it is left here.
    """
    shard = tail.header.shard
    rows, log = rows_path(folder, shard), log_path(folder, shard)
    new = log.with_suffix(".new")
    try:
        with _reading(rows_path(source, shard)) as theirs, _writing(rows) as ours:
            _copy_rows(rows_path(source, shard), theirs, ours, tail, gone)
        with _writing(new) as fd:
            seal = b"" if tail.sealed else frame(BlockKind.SEAL, b"{}")
            write_all(fd, content, 0)
            write_all(fd, seal, len(content))
    except BaseException:
        new.unlink(missing_ok=True)
        rows.unlink(missing_ok=True)
        raise
    new.rename(log)
    sync_folder(folder)


def _check_commits(path: Path, tail: Tail) -> None:
    """Check that no commit is missing in a log: rows follow each other up to the end of the data.

    Raises:
        CacheCorrupt: One is.
        OSError: There is no data file.
    """
    end = row = 0
    for commit in tail.commits:
        lengths = commit.entries["length"].astype(np.uint64)
        ends = end + np.cumsum(lengths)
        if commit.first_row != row or (commit.entries["offset"] != ends - lengths).any():
            raise damaged_shard(path, f"no commit of row {row}")
        end, row = int(ends[-1]) if len(ends) else end, row + len(lengths)
    if path.stat().st_size not in {end, tail.header.size}:
        raise damaged_shard(path, f"no commit of row {row}")


def _copy_rows(path: Path, theirs: int, ours: int, tail: Tail, gone: _Places) -> None:
    """Copy the data file commit by commit, checking each row that was not taken out.

    Raises:
        CacheCorrupt: A row is damaged.
    """
    end = 0
    for commit in tail.commits:
        data = os.pread(theirs, int(commit.entries["length"].sum()), end)
        _check_rows(path, tail.header.shard, commit, memoryview(data), gone)
        write_all(ours, data, end)
        end += len(data)


def _check_rows(path: Path, shard: int, commit: Commit, data: memoryview, gone: _Places) -> None:
    """Check the rows of one commit, which lie one after the other."""
    at = 0
    cells = zip(commit.entries["length"].tolist(), commit.entries["crc"].tolist(), strict=True)
    for row, (length, crc) in enumerate(cells, start=commit.first_row):
        part = data[at : at + length]
        at += length
        if (len(part) != length or zlib.crc32(part) != crc) and (shard, row) not in gone:
            raise damaged_shard(path, f"a wrong checksum of row {row}")


def _take_journals(source: Path, folder: Path) -> _Places:
    """Copy journals that are longer than here, and tell which rows they take out."""
    gone: _Places = set()
    for path in sorted(source.glob("*.notes")):
        number = shard_of(path)
        if number is None:
            continue
        data = None
        with damage_passed_over(path):
            data = read_from(path, 0)
        if data is None:  # none that a store writes
            continue
        blocks = scan(data)
        for block in blocks:
            with contextlib.suppress(ValueError, RecursionError):
                note = parse_note(block.payload)
                if note["what"] == "forget":
                    gone |= {(shard, row) for _, shard, row in note["rows"]}
        target, end = folder / path.name, blocks[-1].end if blocks else 0
        if end > (target.stat().st_size if target.exists() else 0):
            part = target.with_suffix(".part")
            with _writing(part) as fd:
                write_all(fd, data[:end], 0)
            part.rename(target)
    sync_folder(folder)
    return gone


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[int]:
    """Open a file of the other store.

    Raises:
        CacheCorrupt: It is missing or no file.
    """
    try:
        fd = open_file(path)
    except OSError as error:
        raise damaged_shard(path, error) from error
    try:
        yield fd
    finally:
        os.close(fd)


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[int]:
    """Make a file, replacing what a killed merge left, and make it durable."""
    fd = os.open(path, _FLAGS, 0o644)
    try:
        yield fd
        sync(fd)
    finally:
        os.close(fd)
