"""Give space back: drop whole shards, the oldest first."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, final

from lightning_synthaug.store.dropping import drop_shards
from lightning_synthaug.store.header import log_path
from lightning_synthaug.store.holding import is_held
from lightning_synthaug.store.index import ShardState
from lightning_synthaug.store.notes import forget_note
from lightning_synthaug.store.session import Session
from lightning_synthaug.store.survey import StoredSample, samples_of

__all__ = ["Evicted", "Which", "evict", "is_settled"]


@final
@dataclass(frozen=True, slots=True)
class Which:
    """What to evict; a shard has to meet all that is given.

    Attributes:
        to: Stop when the store takes no more than this. Bytes.
        older_than: Only shards whose newest sample is older. Seconds.
        generator: Only samples of this generator.
        keep: Keys of samples that stay, and their shards with them.
    """

    to: int | None = None
    older_than: float | None = None
    generator: str | None = None
    keep: Collection[bytes] = ()


class Evicted(NamedTuple):
    """What an eviction took out, or would have.

    Attributes:
        shards: Shards dropped.
        samples: Samples taken out.
        freed: Space that came back. Bytes.
        forgotten: How many of the samples lie in shards that stay for others' sake: their space comes
            back when the store is compacted.
        held: Shards left alone because a process is writing to them.
    """

    shards: int
    samples: int
    freed: int
    forgotten: int
    held: int


class _Choice(NamedTuple):
    """What goes of one shard: some samples, or with None all of it."""

    state: ShardState
    going: list[StoredSample] | None


def evict(session: Session, folder: Path, which: Which, *, dry_run: bool) -> Evicted:
    """Choose shards and drop them; the caller has seen to it that nobody else does.

    Args:
        session: What this process has open.
        folder: Folder of the store.
        which: What to evict.
        dry_run: Whether to count only.

    Returns:
        What was, or would be, taken out.
    """
    choices, held = _choose(session, folder, which)
    whole = [choice.state for choice in choices if choice.going is None]
    shards = [state.shard for state in whole]
    samples = session.index.count(shards)
    parts = [choice.going for choice in choices if choice.going is not None]
    forgotten = sum(map(len, parts))
    if not dry_run:
        drop_shards(session.index, folder, shards)
        for going in parts:
            session.note(forget_note([(one.key, one.shard, one.row) for one in going]))
    return Evicted(
        shards=len(whole),
        samples=samples + forgotten,
        freed=sum(state.size + state.read_to for state in whole),
        forgotten=forgotten,
        held=held,
    )


def is_settled(folder: Path, state: ShardState) -> bool:
    """Tell whether no process will add to a shard: it is sealed, or its writer is gone."""
    return state.sealed or not is_held(log_path(folder, state.shard))


def _choose(session: Session, folder: Path, which: Which) -> tuple[list[_Choice], int]:
    """Choose what goes, the oldest shard first, and count what is being written to."""
    used, keep = session.used(), frozenset(which.keep)
    choices: list[_Choice] = []
    held = 0
    states = session.index.shards().values()
    for state in sorted(states, key=lambda state: (state.created, state.shard)):
        if which.to is not None and used <= which.to:
            break
        if not is_settled(folder, state):
            held += 1
            continue
        choice = _of_shard(session, folder, state, which, keep)
        if choice is None or (which.to is not None and choice.going is not None):
            continue  # forgetting alone gives no space back
        choices.append(choice)
        used -= state.size + state.read_to
    return choices, held


def _of_shard(
    session: Session, folder: Path, state: ShardState, which: Which, keep: frozenset[bytes]
) -> _Choice | None:
    """Choose what goes of one shard, None when nothing does."""
    if which.older_than is None and which.generator is None and not keep:
        return _Choice(state, None)
    there = samples_of(session.index, folder, state)
    if which.older_than is not None:
        newest = max((one.at for one in there), default=state.created)
        if newest > time.time_ns() - which.older_than * 1e9:
            return None
    if which.generator is None:
        return None if any(one.key in keep for one in there) else _Choice(state, None)
    going = [one for one in there if one.generator == which.generator and one.key not in keep]
    return _Choice(state, None if len(going) == len(there) else going) if going else None
