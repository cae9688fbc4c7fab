"""Put the samples of an export into a store."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from lightning_synthaug.cli.imports.incoming import Incoming
from lightning_synthaug.cli.imports.reading import reader_of
from lightning_synthaug.errors import CacheError, CacheFull, MissingDependency
from lightning_synthaug.store import NewSample, Store

__all__ = ["Imported", "import_samples"]

#: Samples that are stored at once.
_AT_ONCE: Final = 256


class Imported(NamedTuple):
    """What an import did.

    Attributes:
        new: Samples stored.
        known: Samples that the store had.
        damaged: What is no sample, and was left out.
    """

    new: int
    known: int
    damaged: int


def import_samples(
    store: Store, source: Path, *, progress: Callable[[int], object] | None = None
) -> Imported:
    """Store the samples of an export under the keys that they had.

    Args:
        store: The store.
        source: A folder that `synthaug cache export` made.
        progress: Called with how many samples, damaged ones included, were read since the last call.

    Returns:
        How many there were.

    Raises:
        ConfigError: The folder is something else (SA813).
        CacheFull: No room is left; what was stored before stays.
        MissingDependency: A library that the format needs is not installed (SA808).
    """
    new = known = damaged = 0
    found = map(_read, reader_of(source)(source))
    while batch := list(islice(found, _AT_ONCE)):
        samples = [sample for sample in batch if sample is not None]
        stored, refused = _put(store, samples) if samples else (0, 0)
        new += stored
        known += len(samples) - refused - stored
        damaged += len(batch) - len(samples) + refused
        if progress is not None:
            progress(len(batch))
    return Imported(new, known, damaged)


def _read(read: Callable[[], Incoming]) -> NewSample | None:
    """Read what may be a sample."""
    try:
        return read().sample()
    except MissingDependency:
        raise
    except Exception:  # whatever somebody else's file may hold
        return None


def _put(store: Store, batch: list[NewSample]) -> tuple[int, int]:
    """Store a batch; where it is refused, sample by sample. Returns those stored and those refused."""
    try:
        return store.put(batch), 0
    except CacheFull:
        raise
    except CacheError:
        if len(batch) == 1:
            return 0, 1
    parts = [_put(store, [sample]) for sample in batch]
    return sum(new for new, _ in parts), sum(refused for _, refused in parts)
