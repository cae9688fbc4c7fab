"""Looking after a store: checking, counting, giving space back, taking over another one."""

from __future__ import annotations

import abc
import os
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.store.amounts import parse_age, parse_size
from lightning_synthaug.store.compact import Compacted, compact
from lightning_synthaug.store.evict import Evicted, Which, evict
from lightning_synthaug.store.faults import write_faults
from lightning_synthaug.store.holding import alone
from lightning_synthaug.store.keys import check_keys
from lightning_synthaug.store.lookup import require_store
from lightning_synthaug.store.merge import Merged, merge
from lightning_synthaug.store.recovery import verify
from lightning_synthaug.store.session import Session
from lightning_synthaug.store.survey import StoredSample, survey

__all__ = ["Upkeep"]

_Progress = Callable[[int], object] | None


class Upkeep(abc.ABC):
    """Look after a store: the part of `Store` that works on all of it.

    Attributes:
        folder: Folder of the store.
        byte_budget: What it may hold. Bytes.
    """

    folder: Path
    byte_budget: int

    @abc.abstractmethod
    def _session(self) -> Session:
        """Return what this process has open."""

    def samples(self) -> Iterator[StoredSample]:
        """Go through all samples: key, place, size, age and provenance, the oldest shard first.

        Returns:
            One at a time, read shard by shard.

        Raises:
            CacheCorrupt: The index was tampered with.
        """
        return survey(self._session().index, self.folder)

    def verify(self, progress: _Progress = None) -> list[bytes]:
        """Read every sample and check it against its checksum.

        Args:
            progress: Called with the number of samples of each shard that is looked at.

        Returns:
            Keys of missing and damaged samples, in order; give them to `forget`.

        Raises:
            CacheCorrupt: The index is damaged; open the store with `rebuild=True`.
        """
        return verify(self._session().index, self.folder, progress)

    def evict(
        self,
        *,
        to: int | str | None = None,
        older_than: float | str | None = None,
        generator: str | None = None,
        keep: Collection[bytes] = (),
        dry_run: bool = False,
    ) -> Evicted:
        """Drop whole shards, the oldest first; what is dropped is made again when it is needed.

        Shards that a process is writing to stay. A process that has a dropped shard mapped goes on
        reading it, others see misses. Killed at any moment, it leaves a store that opens.

        Args:
            to: Stop when the store takes no more than this. Bytes, or text such as `"5GB"`.
            older_than: Drop only shards whose newest sample is older. Seconds, or text such as `"30d"`.
            generator: Take out only samples of the generator of this name. Where they share a shard
                with others, that shard stays, and their space comes back with `compact`.
            keep: Keys of samples that stay, such as those that the coming epoch needs.
            dry_run: Whether to count only.

        Returns:
            What was, or would be, taken out.

        Raises:
            ConfigError: None of `to`, `older_than` and `generator` is given, or one cannot be read.
            CacheLocked: Another process drops, compacts or merges shards of this store.
            CacheError: A file cannot be removed.
        """
        if to is None and older_than is None and generator is None:
            raise ConfigError(
                "SA334",
                "Evicting needs at least one of `to`, `older_than` and `generator`, got none. To empty a "
                "cache, write 0 for `to`.",
            )
        check_keys(list(keep))
        which = Which(
            None if to is None else parse_size(to, name="to"),
            None if older_than is None else parse_age(older_than, name="older_than"),
            generator,
            keep,
        )
        session = self._session()
        if dry_run:
            return evict(session, self.folder, which, dry_run=True)
        with write_faults(self.folder), alone(self.folder):
            return evict(session, self.folder, which, dry_run=False)

    def compact(self, progress: _Progress = None) -> Compacted:
        """Rewrite shards with rows that nothing refers to, and join small ones of one kind.

        Shards that a process is writing to stay. Each old shard goes when its rows are durable in a new
        one; killed at any moment, it leaves every sample where it can be found.

        Args:
            progress: Called with the number of samples of each shard that is done.

        Returns:
            What was done.

        Raises:
            CacheFull: The disk has no room for one shard more.
            CacheLocked: Another process drops, compacts or merges shards of this store.
        """
        session = self._session()
        with write_faults(self.folder), alone(self.folder):
            return compact(session, self.folder, progress)

    def merge(self, other: str | os.PathLike[str], progress: _Progress = None) -> Merged:
        """Take over the samples, verdicts and tombstones of another store, which is not changed.

        A key that is here keeps its sample. Each row is checked while it is copied; a damaged shard is
        refused, the others come. Called again after a kill, it goes on where it stood.

        Args:
            other: Folder of the other store.
            progress: Called once for each of its shards.

        Returns:
            What was done.

        Raises:
            ConfigError: `other` is this store (SA335).
            CacheError: There is no store in `other` (SA330).
            CacheFull: The disk or the budget has no room; shards that were copied stay.
            CacheLocked: Another process drops, compacts or merges shards of this store.
        """
        source = require_store(other)
        if source.samefile(self.folder):
            raise ConfigError(
                "SA335",
                f"The source of a merge must be another folder, got {str(source)!r} for both. Name the "
                "cache to take samples from.",
            )
        session = self._session()
        with write_faults(self.folder), alone(self.folder):
            return merge(
                session, self.folder, source, byte_budget=self.byte_budget, progress=progress
            )
