"""Samples that tests of the store put in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from lightning_synthaug.data.record import Record
from lightning_synthaug.store import NewSample, Store

BUDGET = 1 << 30


def key(number: int) -> bytes:
    return hashlib.blake2b(str(number).encode(), digest_size=16).digest()


def image(number: int, shape: tuple[int, ...] = (8, 8)) -> Record:
    pixels = np.random.default_rng(number).integers(0, 256, shape, dtype=np.uint8)
    return Record({"image": pixels, "label": number % 10})


def sample(number: int, record: Record | None = None) -> NewSample:
    return NewSample(key(number), record or image(number), {"generator": "test", "seed": number})


def text(number: int) -> Record:
    return Record({"text": f"número {number} " * (number % 5), "label": number})


@contextmanager
def filled(folder: Path, count: int = 10) -> Iterator[Store]:
    """A store of images under the keys of 0, 1, ..."""
    with Store.open(folder, byte_budget=BUDGET) as store:
        store.put([sample(i) for i in range(count)])
        yield store


def one_file(folder: Path, pattern: str) -> Path:
    (path,) = folder.glob(pattern)
    return path


def flip(path: Path, offset: int, bit: int = 0) -> None:
    """Change one bit of a file."""
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ (1 << bit)]))


def shards(folder: Path, *batches: range) -> list[int]:
    """A store with a sealed shard for each batch, in order; their ids, the oldest first."""
    for batch in batches:
        with Store.open(folder, byte_budget=BUDGET) as store:
            store.put([named(i) for i in batch])
    with Store.open(folder, byte_budget=BUDGET) as store:
        states = store._session().index.shards().values()
        return [state.shard for state in sorted(states, key=lambda state: state.created)]


def named(number: int, record: Record | None = None, generator: str = "gan") -> NewSample:
    """A sample with provenance as the filler writes it."""
    told = {"name": generator, "label": number % 10, "number": number}
    return NewSample(key(number), record or image(number), told)


def there(store: Store, numbers: range) -> list[int]:
    """The numbers whose sample is found and right."""
    return [n for n in numbers if store.get(key(n)) == image(n)]
