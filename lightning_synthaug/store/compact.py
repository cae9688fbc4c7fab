"""Write what is alive of wasteful shards into new ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, final

import numpy as np

from lightning_synthaug.store.budget import ShardSize
from lightning_synthaug.store.codec import Encoded
from lightning_synthaug.store.commit import Commit
from lightning_synthaug.store.dropping import drop_shards
from lightning_synthaug.store.evict import is_settled
from lightning_synthaug.store.header import ShardHeader, log_path, read_header
from lightning_synthaug.store.index import ShardState
from lightning_synthaug.store.keys import join_keys, marks
from lightning_synthaug.store.notes import forget_note
from lightning_synthaug.store.opened import OpenShard
from lightning_synthaug.store.session import Session, written_state
from lightning_synthaug.store.tails import read_tail, told_in
from lightning_synthaug.store.writer import ShardWriter

__all__ = ["Compacted", "compact"]

_Progress = Callable[[int], object] | None


class Compacted(NamedTuple):
    """What compacting did.

    Attributes:
        before: Shards rewritten.
        after: Shards that they became.
        samples: Samples moved.
        freed: Space that came back. Bytes.
        damaged: Samples that were damaged and left out; they are made again.
    """

    before: int
    after: int
    samples: int
    freed: int
    damaged: int


class _Victim(NamedTuple):
    """A shard that shall be rewritten."""

    state: ShardState
    header: ShardHeader


class _Move(NamedTuple):
    """A row that was copied."""

    key: bytes
    row: int
    shard: int
    new_row: int


def compact(session: Session, folder: Path, progress: _Progress = None) -> Compacted:
    """Rewrite shards with rows that nothing refers to, and small ones of one schema together.

    The caller has seen to it that nobody else drops shards. Shards that are being written to stay.
    Each shard goes when its rows are durable in a new one: a kill leaves copies that nothing refers to,
    which the next time removes. Rows keep the time at which they were first stored.

    Args:
        session: What this process has open.
        folder: Folder of the store.
        progress: Called with the number of samples of each shard that is done.

    Returns:
        What was done.
    """
    used, before, done = session.used(), 0, (0, 0, 0)
    for victims in _choose(session, folder):
        before += len(victims)
        rewriting = _Rewriting(session, folder, victims)
        try:
            for victim in victims:
                rewriting.take(victim.state, progress)
        finally:
            rewriting.close()
        counts = (rewriting.shards, rewriting.samples, rewriting.damaged)
        done = (done[0] + counts[0], done[1] + counts[1], done[2] + counts[2])
    return Compacted(before, done[0], done[1], used - session.used(), done[2])


def _choose(session: Session, folder: Path) -> list[list[_Victim]]:
    """Choose the shards that are worth rewriting, by schema, the oldest first."""
    counts = session.index.read("SELECT shard, count(*) FROM samples GROUP BY shard", int, int)
    alive = dict(counts)
    wasteful: dict[str, list[_Victim]] = {}
    small: dict[str, list[_Victim]] = {}
    states = session.index.shards().values()
    for state in sorted(states, key=lambda state: (state.created, state.shard)):
        if not is_settled(folder, state):
            continue
        header = read_header(log_path(folder, state.shard))
        if alive.get(state.shard, 0) < state.rows:
            wasteful.setdefault(state.schema, []).append(_Victim(state, header))
        elif 2 * state.size < header.size and 2 * state.rows < header.rows:
            small.setdefault(state.schema, []).append(_Victim(state, header))
    groups = []
    for schema in {**wasteful, **small}:
        group = [*wasteful.get(schema, ()), *small.get(schema, ())]
        if len(group) > 1 or schema in wasteful:  # a small one alone would stay what it is
            groups.append(sorted(group, key=lambda victim: victim.state.created))
    return groups


@final
class _Rewriting:
    """Copy shards of one schema, row by row as bytes, into new ones no larger than the largest."""

    def __init__(self, session: Session, folder: Path, victims: list[_Victim]) -> None:
        self.shards = self.samples = self.damaged = 0
        self._session, self._folder = session, folder
        rows = max(victim.header.rows for victim in victims)
        self._limits = ShardSize(rows, max(victim.header.size for victim in victims))
        self._schema = victims[0].header.schema
        self._writer: ShardWriter | None = None

    def take(self, state: ShardState, progress: _Progress) -> None:
        """Copy what is alive of one shard, then drop it."""
        opened = OpenShard(self._folder, state.shard)
        try:
            alive = {row: key for key, row in self._session.index.rows_of(state.shard)}
            moves: list[_Move] = []
            for commit in read_tail(log_path(self._folder, state.shard), 0).commits:
                moves += self._copy(opened, commit, alive)
        finally:
            opened.close()
        self.damaged += len(alive) - len(moves)
        self.samples += len(moves)
        self._swap(state.shard, moves)
        if progress is not None:
            progress(len(alive))

    def close(self) -> None:
        """Finish the new shard, if one is open."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.seal()
            if writer.rows:
                with self._session.index.writing():
                    self._session.index.note_shard(written_state(writer, sealed=True))

    def _copy(self, opened: OpenShard, commit: Commit, alive: dict[int, bytes]) -> list[_Move]:
        """Copy what is alive of one commit; the new one says the same of when and who."""
        first = commit.first_row
        numbered = enumerate(commit.keys())
        wanted = [i for i, key in numbered if alive.get(first + i) == key]
        copies = {i: copy for i in wanted if (copy := opened.copied(first + i)) is not None}
        if not copies:
            return []
        kept, parts = list(copies), list(copies.values())
        rows = [first + i for i in kept]
        keys, told = [alive[row] for row in rows], told_in(commit)
        told = told._replace(own=[told.own[i] for i in kept])
        moves: list[_Move] = []
        while (start := len(moves)) < len(rows):
            lengths = np.array([len(part) for part in parts[start:]], np.int64)
            writer = self._with_room(Encoded(memoryview(b""), lengths))
            stop = start + writer.room(Encoded(memoryview(b""), lengths), 0)
            data = memoryview(b"".join(parts[start:stop]))
            part = Encoded(data, lengths[: stop - start])
            at = writer.append(part, keys[start:stop], told.pack(start, stop), stamp=commit.stamp)
            new = enumerate(zip(keys[start:stop], rows[start:stop], strict=True))
            moves += [_Move(key, row, writer.shard, at + n) for n, (key, row) in new]
        return moves

    def _with_room(self, encoded: Encoded) -> ShardWriter:
        """Return a writer that takes a row at least, beginning a shard when the last one is full."""
        if self._writer is not None and not self._writer.room(encoded, 0):
            self.close()
        if self._writer is None:
            self._writer = ShardWriter(self._folder, self._schema, self._limits)
            self.shards += 1
        return self._writer

    def _swap(self, shard: int, moves: list[_Move]) -> None:
        """Point the index at the copies and drop the shard, all at once."""
        index, writer = self._session.index, self._writer
        with index.writing():
            there = set(index.rows_of(shard))
            kept = [move for move in moves if (move.key, move.row) in there]
            if kept:
                places = np.array([(move.shard, move.new_row) for move in kept], np.int64)
                mark = marks(join_keys([move.key for move in kept]), places).tolist()
                index.execute_many(
                    "UPDATE samples SET shard = ?, row = ?, mark = ? WHERE key = ?",
                    [(m.shard, m.new_row, k, m.key) for m, k in zip(kept, mark, strict=True)],
                )
            if writer is not None and writer.rows:
                index.note_shard(written_state(writer, sealed=False))
            drop_shards(index, self._folder, [shard])
        # What another process took out meanwhile must not come back with the next rebuild.
        if lost := [move for move in moves if (move.key, move.row) not in there]:
            self._session.note(forget_note([(m.key, m.shard, m.new_row) for m in lost]))
