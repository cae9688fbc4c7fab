"""How long making samples will take and what they will weigh, from two batches that are not kept."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lightning_synthaug.data import Record
from lightning_synthaug.data.transforms import seeded_globals
from lightning_synthaug.filling import Open
from lightning_synthaug.generators import Generator, check_batch

__all__ = ["Estimate", "estimate"]

#: What the store keeps of each sample beside its content: key, checksum, provenance. Bytes, about.
_BESIDE = 250


class Estimate(NamedTuple):
    """What making samples will take.

    Attributes:
        size: Bytes, about.
        seconds: Seconds, about, with the generator loaded.
    """

    size: int
    seconds: float


def estimate(generator: Generator, missing: Sequence[Open], *, device: str) -> Estimate:
    """Make two batches to see how long that takes; the first one warms up.

    Args:
        generator: What makes them.
        missing: What is missing.
        device: Torch device.

    Returns:
        For all that is missing.
    """
    if not missing:
        return Estimate(0, 0.0)
    batch = [o.request for o in missing[: max(1, generator.batch_size)]]
    generator.load(device)
    try:
        with seeded_globals(0):
            generator.generate(batch)
            began = time.perf_counter()
            answers = generator.generate(batch)
            took = time.perf_counter() - began
            answers = check_batch(generator, batch, answers)
    finally:
        generator.unload()
    sizes = [_size(a) for a in answers if isinstance(a, Record)]
    each = (sum(sizes) / len(sizes) if sizes else 0.0) + _BESIDE
    return Estimate(round(each * len(missing)), took / len(batch) * len(missing))


def _size(record: Record) -> int:
    """Add up the contents of a record. Bytes."""
    return sum(
        len(v.encode(errors="replace")) if isinstance(v, str) else np.asarray(v).nbytes
        for v in record.values()
    )
