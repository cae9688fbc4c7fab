"""The sample store: what generators made, found by key, durable, and shared by processes."""

from __future__ import annotations

import contextlib
import os
import weakref
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.data.record import Record
from lightning_synthaug.errors import CacheCorrupt, CacheError
from lightning_synthaug.store.budget import default_budget, valid_budget
from lightning_synthaug.store.faults import corrupt_index, write_faults
from lightning_synthaug.store.keys import check_keys
from lightning_synthaug.store.location import is_shared
from lightning_synthaug.store.lookup import require_store
from lightning_synthaug.store.notebook import Notebook
from lightning_synthaug.store.pictures import RAW, PictureCodec
from lightning_synthaug.store.provenance import join
from lightning_synthaug.store.reader import ShardReader
from lightning_synthaug.store.recovery import catch_up, rebuild, set_aside_index
from lightning_synthaug.store.session import NewSample, Session
from lightning_synthaug.store.upkeep import Upkeep

__all__ = ["Stats", "Store"]


class Stats(NamedTuple):
    """What a store holds.

    Attributes:
        samples: Samples that can be asked for.
        size: Data and logs of all shards. Bytes.
        shards: Shards, sealed or not.
        tombstones: Requests that were given up.
    """

    samples: int
    size: int
    shards: int
    tombstones: int


@final
class Store(Notebook, Upkeep):
    """Keep samples under keys in a folder on a local disk.

    Several processes may write and read at once; each writes shards of its own. The object may
    cross a fork: each process opens its own files, and the index is closed while a process forks.
    Loader workers need only `reader`.

    Use `Store.open`; the constructor opens nothing.

    Args:
        folder: Folder of the store.
        byte_budget: What it may hold. Bytes, >= 1.
        codec: How images are written.

    Attributes:
        folder: The folder.
        byte_budget: The budget. Bytes.
        codec: How this store writes images; whatever way they were written, it reads them.

    Example:
        >>> import tempfile
        >>> from lightning_synthaug.data.record import Record
        >>> folder = tempfile.TemporaryDirectory()
        >>> with Store.open(folder.name) as store:
        ...     sample = NewSample(b"k" * 16, Record({"label": 3}), {"generator": "demo"})
        ...     store.put([sample]), store.put([sample])
        ...     store.get(b"k" * 16), store.provenance(b"k" * 16)
        (1, 0)
        (Record(label: 3), {'generator': 'demo'})
        >>> folder.cleanup()
    """

    def __init__(self, folder: Path, *, byte_budget: int, codec: PictureCodec = RAW) -> None:
        self.folder = folder
        self.byte_budget = byte_budget
        self.codec = codec
        self.reader = ShardReader(folder)
        self._closed = False
        self._sessions: dict[int, Session] = {}
        # Seals shards when the user forgets to; a forked child closes only what it opened.
        weakref.finalize(self, _let_go, self._sessions)

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        byte_budget: int | None = None,
        rebuild: bool = False,
        create: bool = True,
        codec: str = "raw",
    ) -> Store:
        """Open a store, making the folder when there is none.

        What logs know beyond the index, after a kill or a power cut, is brought in.

        Args:
            path: Folder on a local disk.
            byte_budget: What the store may hold. Bytes, >= 1; default the smaller of 20 GB and a
                tenth of the free disk.
            rebuild: Whether to make the index anew, setting damaged files aside.
            create: Whether to make a store where there is none.
            codec: How images are written: `"raw"`, `"png"` or `"webp"`, or at a quality `"webp:90"`, `"jpeg:90"`.

        Returns:
            The open store.

        Raises:
            CacheError: The folder cannot be written to, the index or a shard is damaged, a later
                version of the package wrote it, or there is no store and none may be made (SA330).
            ConfigError: `byte_budget` is not a positive integer, or `codec` is none (SA311).
        """
        folder = Path(path).absolute() if create else require_store(path)
        budget = None if byte_budget is None else valid_budget(byte_budget)
        pictures = PictureCodec.parse(codec)
        with write_faults(folder):
            folder.mkdir(parents=True, exist_ok=True)
            if not os.access(folder, os.W_OK | os.X_OK):
                raise PermissionError("no permission to write")
            store = cls(folder, byte_budget=budget or 1, codec=pictures)
            try:
                store._begin(rebuild=rebuild)
                if budget is None:
                    store.byte_budget = default_budget(folder, store._session().used())
            except BaseException:
                store.close()
                raise
            return store

    def put(self, samples: Sequence[NewSample]) -> int:
        """Store samples; when it returns, a power cut does not lose them.

        A key that is there keeps its sample. After an error nothing half-written can be seen, and
        the same call can be made again.

        Args:
            samples: New samples. Larger batches cost less a sample.

        Returns:
            How many of the keys were new.

        Raises:
            CacheFull: The disk or the budget has no room.
            CacheLocked: Another process held the index for 30 seconds.
            CacheError: A key, record or provenance is not one that can be stored.
        """
        return self._session().put(samples, byte_budget=self.byte_budget)

    def resolve(self, keys: Sequence[bytes]) -> npt.NDArray[np.int64]:
        """Find where samples are, for `ShardReader.gather`.

        Args:
            keys: Sample keys. 16 bytes each.

        Returns:
            Shard and row of each. Shape `(n, 2)`; (-1, -1) when unknown, (-2, -2) for a tombstone.
        """
        return self._session().index.locate(keys)

    def refresh(self) -> None:
        """Take in what other machines have closed since the store was opened; nothing to do on a disk of this one.

        Raises:
            CacheError: As `Store.open`.
        """
        if is_shared(self.folder):
            with write_faults(self.folder):
                catch_up(self._session().index, self.folder)

    def get(self, key: bytes) -> Record | None:
        """Read one sample, None when it is unknown or damaged.

        Args:
            key: Sample key. 16 bytes.

        Returns:
            The record.
        """
        shard, row = self.resolve([key])[0].tolist()
        return self.reader.read(shard, row)

    def provenance(self, key: bytes) -> dict[str, Any] | None:
        """Tell who made a sample, from what.

        Args:
            key: Sample key. 16 bytes.

        Returns:
            What was given to `put`, None when the key is unknown.

        Raises:
            CacheCorrupt: The index was tampered with.
        """
        sql = (
            "SELECT provenance.common, own FROM samples JOIN provenance "
            "ON provenance.id = samples.common WHERE key = ?"
        )
        check_keys([key])
        index = self._session().index
        rows = index.execute(sql, (key,))
        try:
            return join(*rows[0]) if rows else None
        except (TypeError, ValueError, RecursionError) as error:
            raise corrupt_index(index.path, error) from error

    def rebuild(self) -> Stats:
        """Make the index anew from the shards; verdicts and tombstones stay.

        Returns:
            What the store holds then.
        """
        with write_faults(self.folder):
            rebuild(self._session().index, self.folder)
        return self.stats()

    def stats(self) -> Stats:
        """Count what the store holds."""
        index = self._session().index
        tables = ("samples", "shards", "tombstones")
        counts = [int(index.read(f"SELECT count(*) FROM {t}", int)[0][0]) for t in tables]
        return Stats(counts[0], self.used(), counts[1], counts[2])

    def used(self) -> int:
        """Sum up data and logs of all shards. Bytes, what `byte_budget` limits."""
        return self._session().used()

    def close(self) -> None:
        """Seal this process's shards and close its files. Closing again does nothing."""
        self._closed = True
        self.reader.close()
        _close_here(self._sessions)

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._closed else "open"
        return f"Store({str(self.folder)!r}, byte_budget={self.byte_budget}, {state})"

    def _begin(self, *, rebuild: bool) -> None:
        """Bring the index up to what the logs say."""
        if rebuild:
            try:
                self.rebuild()
            except CacheCorrupt:  # nothing can be made of this file; the logs have all that it had
                _close_here(self._sessions)
                set_aside_index(self.folder)
                self.rebuild()
        catch_up(self._session().index, self.folder)

    def _session(self) -> Session:
        """Return what this process has open, opening it at the first use."""
        if self._closed:
            raise CacheError(
                "SA309",
                f"A store must be open to be used, got a closed one for {str(self.folder)!r}. "
                "Open it again with `Store.open`.",
            )
        found = self._sessions.get(os.getpid())
        if found is None:
            found = self._sessions.setdefault(os.getpid(), Session(self.folder, self.codec))
        return found


def _close_here(sessions: dict[int, Session]) -> None:
    """Close what this process opened, never what it inherited."""
    session = sessions.pop(os.getpid(), None)
    if session is not None:
        session.close()


def _let_go(sessions: dict[int, Session]) -> None:
    """Close where nobody could catch an error; what is committed is safe, and the folder may be gone by now."""
    with contextlib.suppress(CacheError):
        _close_here(sessions)
