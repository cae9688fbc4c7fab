"""A process that puts samples until it is killed, telling its parent what was stored.

Run as `python store_writer.py FOLDER WRITER SEED`; one line with the number of a batch is written to
standard output after each `put` that returned.
"""

from __future__ import annotations

import itertools
import random
import sys
from pathlib import Path

import numpy as np

from lightning_synthaug.data.record import Record
from lightning_synthaug.store import NewSample, Store

BATCH = 8


def key(writer: int, number: int) -> bytes:
    return writer.to_bytes(4, "big") + b"kill" + number.to_bytes(8, "big")


def record(writer: int, number: int) -> Record:
    """What the writer puts under a number: images, and text every third time."""
    pixels = np.random.default_rng([writer, number]).integers(0, 256, (24, 24, 3), dtype=np.uint8)
    if number % 3 == 2:
        return Record({"text": pixels.tobytes().hex()[: 10 + number % 90], "label": number})
    return Record({"image": pixels, "label": number})


def samples(writer: int, batch: int) -> list[NewSample]:
    numbers = range(batch * BATCH, (batch + 1) * BATCH)
    told = {"writer": writer}
    return [NewSample(key(writer, n), record(writer, n), {**told, "number": n}) for n in numbers]


def main(folder: Path, writer: int, seed: int) -> None:
    """Put batches for ever; the budget has room for all that a fast machine writes before the kill."""
    rng = random.Random(seed)
    with Store.open(folder, byte_budget=1 << 26) as store:
        for batch in itertools.count():
            store.put(samples(writer, batch))
            sys.stdout.write(f"{batch}\n")
            sys.stdout.flush()
            if rng.random() < 0.1:
                store.bury([key(writer, 10**9 + batch)], reason="test", attempts=1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
