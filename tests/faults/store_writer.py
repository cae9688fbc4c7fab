"""A process that puts samples until it is killed, telling its parent what was stored.

Run as `python store_writer.py FOLDER WRITER SEED`; one line with the number of a batch is written to
standard output after each `put` that returned.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
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


def stubborn(folder: Path, writer: int) -> None:
    """Put batches for ever, going on after each Ctrl-C; a batch that was interrupted is passed over."""
    putting = False

    def interrupt(*_: object) -> None:
        nonlocal putting
        if putting:  # once: between two calls, only this script would break
            putting = False
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)
    with Store.open(folder, byte_budget=1 << 26) as store:
        for batch in itertools.count():
            try:
                putting = True
                store.put(samples(writer, batch))
                word = str(batch)
                putting = False
            except KeyboardInterrupt:
                word = "interrupted"
            sys.stdout.write(f"{word}\n")
            sys.stdout.flush()


def forked(folder: str) -> None:
    """Open, fork, and have parent, child and a third process put by turns, the parent closing first."""
    store = Store.open(folder, byte_budget=1 << 28)
    store.put(samples(1, 0))
    to_child, to_parent = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            store.put(samples(2, 0))
            os.write(to_parent[1], b".")
            os.read(to_child[0], 1)
            for batch in range(1, 31):
                store.put(samples(2, batch))
            store.close()
            status = 0
        finally:
            os._exit(status)
    os.read(to_parent[0], 1)
    store.close()
    code = "from tests.faults.store_writer import third; import sys; third(sys.argv[1])"
    other = subprocess.Popen([sys.executable, "-c", code, folder], stdout=subprocess.PIPE)
    assert other.stdout is not None
    other.stdout.readline()
    os.write(to_child[1], b".")
    others = other.wait(), os.waitpid(child, 0)[1]
    sys.exit(others != (0, 0))


def third(folder: str) -> None:
    """Put batches, saying when the first is there."""
    with Store.open(folder, byte_budget=1 << 28) as store:
        for batch in range(31):
            store.put(samples(3, batch))
            sys.stdout.write(".\n")
            sys.stdout.flush()


if __name__ == "__main__":
    if "stubborn" in sys.argv:
        stubborn(Path(sys.argv[1]), int(sys.argv[2]))
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
