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
