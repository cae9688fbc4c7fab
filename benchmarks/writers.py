"""Processes that write to a store while others look on."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lightning_synthaug.data import Record
from lightning_synthaug.store import NewSample, Store

__all__ = ["Watched", "rate_of_writers", "samples", "watch_a_writer"]

BATCH = 64
BUDGET = 20 * 10**9
PAUSE = 0.02
_CONTEXT = multiprocessing.get_context("spawn")


class Watched(NamedTuple):
    """What a reader saw of a writer in another process.

    Attributes:
        delays_ms: Milliseconds from the return of each commit until its last sample was found.
        look_us: Median time of one look that finds nothing. Microseconds.
    """

    delays_ms: list[float]
    look_us: float


@cache
def _images(side: int) -> Any:
    return np.random.default_rng(side).integers(0, 255, (256, side, side, 3), np.uint8)


def samples(side: int, numbers: Iterable[int], *, writer: int = 0) -> list[NewSample]:
    """Make samples with keys that tell their numbers."""
    images, made = _images(side), []
    for number in numbers:
        key = b"%08x%08x" % (writer, (number * 2654435761) % 2**32)
        record = Record({"image": images[number % len(images)], "label": number % 10})
        made.append(NewSample(key, record, {"generator": "noise", "number": number}))
    return made


def _write(folder: Path, commits: int, stamps: Any) -> None:
    store = Store.open(folder, byte_budget=BUDGET)
    for commit in range(commits):
        store.put(samples(32, range(commit * BATCH, (commit + 1) * BATCH)))
        stamps.put(time.monotonic_ns())
        time.sleep(PAUSE)
    store.close()


def watch_a_writer(folder: Path, commits: int) -> Watched:
    """Look for each commit of a writer from this process as fast as it can.

    Args:
        folder: Folder of a new store.
        commits: How many.
    """
    store = Store.open(folder, byte_budget=BUDGET)
    stamps: Any = _CONTEXT.Queue()
    process = _CONTEXT.Process(target=_write, args=(folder, commits, stamps))
    process.start()
    seen, looks = [], []
    for commit in range(commits):
        (last,) = samples(32, [commit * BATCH + BATCH - 1])
        while True:
            began = time.monotonic_ns()
            found = store.resolve([last.key])[0, 0] >= 0
            if found and store.get(last.key) is not None:
                break
            looks.append(time.monotonic_ns() - began)
            time.sleep(0.0002)
        seen.append(time.monotonic_ns())
    written = [stamps.get() for _ in seen]
    process.join()
    store.close()
    # The first commit makes the shard; a commit may be seen before its writer says so.
    delays = [max(0, a - b) / 1e6 for a, b in zip(seen[1:], written[1:], strict=True)]
    return Watched(delays, float(np.median(looks)) / 1e3)


def _rate(folder: Path, writer: int, seconds: float, start: Any, rates: Any) -> None:
    store = Store.open(folder, byte_budget=BUDGET)
    commit = 0
    start.wait()
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        numbers = range(commit * BATCH, (commit + 1) * BATCH)
        store.put(samples(32, numbers, writer=writer))
        commit += 1
    rates.put(commit * BATCH / (time.monotonic() - began))
    store.close()


def rate_of_writers(folder: Path, writers: int, seconds: float) -> float:
    """Let processes write at once.

    Args:
        folder: Folder of a new store.
        writers: How many.
        seconds: How long.

    Returns:
        Samples a second of all together.
    """
    start, rates = _CONTEXT.Barrier(writers), _CONTEXT.Queue()
    processes = [
        _CONTEXT.Process(target=_rate, args=(folder, w, seconds, start, rates))
        for w in range(writers)
    ]
    for process in processes:
        process.start()
    total = sum(rates.get() for _ in processes)
    for process in processes:
        process.join()
    return float(total)
