"""The store beside memory, LMDB and the disk: reading, commits, visibility, eviction, two writers.

Samples are 32x32x3 (3 kB) and 224x224x3 (150 kB) images with a label. Reading is what a worker does, batches of 64 at
random places by processor time; memory is a gather of the same fields from NumPy arrays, and LMDB copies each value
into a batch made beforehand. Both sides of a ratio take turns in a changing order.

Targets, from measurements of a prototype: reading at most 2.0 times memory at 3 kB and 1.25 times at 150 kB, from one
shard and from eight, and 0.35 and 1.0 times LMDB; the checks of checksums 1.10 times the reading without; a commit of
64 at most 3 (3 kB) and 1.6 (150 kB) times one write and `fdatasync` of as many bytes; a commit seen by another process
after 1 ms (p50) and 10 ms (p99), a look 25 us, opening 20,000 samples 5 ms; eviction 5 us a sample and the space back
at once; two writers at least 1.3 times one.
"""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import lmdb
import numpy as np
from harness import Benchmark, interleaved, ratio_interval, shown
from reads import read, trust
from writers import Watched, rate_of_writers, samples, watch_a_writer

from lightning_synthaug.store import ShardReader, Store
from lightning_synthaug.store.tables import connect

BATCH = 64
SIZES = {32: ("3 kB", 20_000, 2.0, 0.35, 3.0), 224: ("150 kB", 1_500, 1.25, 1.0, 1.6)}
BUDGET = 20 * 10**9


def per_sample(
    read: Callable[[np.ndarray], object], count: int, batches: int
) -> Callable[[], float]:
    """Measure a way of reading: microseconds of processor time a sample."""
    rng = np.random.default_rng(0)
    chosen = [rng.integers(0, count, BATCH) for _ in range(batches)]

    def measure() -> float:
        began = time.process_time()
        for rows in chosen:
            read(rows)
        return (time.process_time() - began) / (BATCH * batches) * 1e6

    return measure


def filled(folder: Path, side: int, count: int, shards: int) -> tuple[Store, list[bytes]]:
    """Fill a store."""
    store = Store.open(folder, byte_budget=BUDGET)
    keys: list[bytes] = []
    for part in np.array_split(np.arange(count), shards):
        for numbers in np.array_split(part, max(1, len(part) // 512)):
            new = samples(side, numbers.tolist())
            store.put(new)
            keys += [sample.key for sample in new]
        store.close()
        store = Store.open(folder, byte_budget=BUDGET)
    return store, keys


def reading(bench: Benchmark, root: Path, side: int, rounds: int) -> None:
    """Compare ways of reading."""
    name, count, over_memory, over_lmdb, _ = SIZES[side]
    images = np.random.default_rng(1).integers(0, 255, (count, side, side, 3), np.uint8)
    labels = np.arange(count)
    store, keys = filled(root / f"one-{side}", side, count, 1)
    places = store.resolve(keys)
    store.close()
    parts, more_keys = filled(root / f"eight-{side}", side, count, 8)
    more = parts.resolve(more_keys)
    parts.close()
    one, eight = ShardReader(root / f"one-{side}"), ShardReader(root / f"eight-{side}")
    shutil.copytree(root / f"one-{side}", root / f"trusting-{side}")
    # It takes each row for one whose checksum was right.
    trusting = ShardReader(root / f"trusting-{side}")
    values = lmdb.open(str(root / f"lmdb-{side}"), map_size=2**33)
    with values.begin(write=True) as into:
        for key, image in zip(keys, images, strict=True):
            into.put(key, image.tobytes())
    batch = np.empty((BATCH, side, side, 3), np.uint8)
    # Each way has data of its own: what one reads, another would find in the processor's cache.
    copied = images.copy()

    def from_lmdb(rows: np.ndarray) -> None:
        with values.begin(buffers=True) as look:
            for i, row in enumerate(rows.tolist()):
                batch[i] = np.frombuffer(look.get(keys[row]), np.uint8).reshape(batch.shape[1:])

    ways: dict[str, Callable[[np.ndarray], object]] = {
        "memory": lambda rows: (images.take(rows, axis=0), labels.take(rows)),
        "into a batch from memory": lambda rows: copied.take(rows, axis=0, out=batch, mode="clip"),
        "one shard": lambda rows: read(one, places[rows]),
        "eight shards": lambda rows: read(eight, more[rows]),
        "without checks": lambda rows: read(trusting, places[rows]),
        "LMDB": from_lmdb,
    }
    for reader, at in ((one, places), (trusting, places), (eight, more)):
        for rows in np.array_split(np.arange(count), max(1, count // BATCH)):
            assert reader.gather(at[rows, 0], at[rows, 1]).ok.all()
    for joined in trusting._here()._joined.values():
        trust(joined)
    batches = 100 if side == 32 else 12
    runs = [per_sample(way, count, batches) for way in ways.values()]
    for run in runs:
        run()
    times = dict(zip(ways, interleaved(runs, rounds).T, strict=True))
    for way, figures in times.items():
        over = shown(ratio_interval(figures, times["memory"]))
        bench.row(f"read {name}", way, f"{np.median(figures):.2f} us", f"{over} of memory")

    def need(what: str, ours: str, theirs: str, bound: float) -> None:
        bench.need(f"{name}: {what}", ratio_interval(times[ours], times[theirs])[0], at_most=bound)

    need("batch of 64 over memory", "one shard", "memory", over_memory)
    need("batch of 64 from eight shards over memory", "eight shards", "memory", over_memory)
    need("batch of 64 over LMDB", "one shard", "LMDB", over_lmdb)
    need("with checksums over without", "one shard", "without checks", 1.10)


def commits(bench: Benchmark, root: Path, side: int, rounds: int) -> None:
    """Compare a durable commit with a bare write of as many bytes, and with the least that any commit here must do.

    That is rows, then what refers to them, each synced, then a transaction of 64 keys that is not.
    """
    name, *_, bound = SIZES[side]
    size = side * side * 3 * BATCH
    data, entries = np.random.default_rng(0).bytes(size), bytes(64 * BATCH)
    fds = [
        os.open(root / f"bare-{part}-{side}", os.O_RDWR | os.O_CREAT)
        for part in ("alone", "rows", "log")
    ]
    store = Store.open(root / f"commit-{side}", byte_budget=BUDGET)
    index = connect(root / f"bare-{side}.sqlite")
    turns = itertools.count()

    def written(fd: int, some: bytes) -> None:
        os.pwrite(fd, some, os.fstat(fd).st_size)
        os.fdatasync(fd)

    def bare() -> float:
        began = time.perf_counter()
        written(fds[0], data)
        return (time.perf_counter() - began) * 1e3

    def floor() -> float:
        rows = [(os.urandom(16), 0, row, 0, 0, "{}") for row in range(BATCH)]
        began = time.perf_counter()
        written(fds[1], data)
        written(fds[2], entries)
        index.execute("BEGIN IMMEDIATE")
        index.executemany("INSERT INTO samples VALUES (?, ?, ?, ?, ?, ?)", rows)
        index.execute("COMMIT")
        return (time.perf_counter() - began) * 1e3

    def commit() -> float:
        turn = next(turns)
        new = samples(side, range(turn * BATCH, (turn + 1) * BATCH))
        began = time.perf_counter()
        assert store.put(new) == BATCH
        return (time.perf_counter() - began) * 1e3

    bare(), floor(), commit()
    times = interleaved([bare, floor, commit], rounds)
    for what, column in (("rows, then entries, then SQLite", 1), ("64 samples", 2)):
        over = ratio_interval(times[:, column], times[:, 0])
        median = f"{np.median(times[:, column]):.2f} ms"
        bench.row(f"commit {name}", what, median, f"{shown(over)} of a bare write")
    bench.need(f"{name}: commit of 64 over a write and fdatasync", over[0], at_most=bound)
    for fd in fds:
        os.close(fd)
    index.close()
    store.close()


def opening(bench: Benchmark, root: Path, rounds: int) -> None:
    """Time the opening of a store that is there, until the first sample is read."""
    folder = root / "one-32"
    key = samples(32, [0])[0].key

    def opened() -> float:
        began = time.perf_counter()
        store = Store.open(folder, byte_budget=BUDGET)
        found = store.get(key)
        took = (time.perf_counter() - began) * 1e3
        assert found is not None
        store.close()
        return took

    opened()
    times = [opened() for _ in range(rounds)]
    bench.row("open", "20,000 samples", f"{np.median(times):.2f} ms", "")
    bench.need("open 20,000 samples and read one, ms", float(np.median(times)), at_most=5.0)


def evicting(bench: Benchmark, root: Path) -> None:
    """Drop the oldest quarter."""
    times, freed = [], []
    for turn in range(7):
        folder = root / f"evict-{turn}"
        store = Store.open(folder, byte_budget=64 * 128 * 3 * 32 * 32)
        for begin in range(0, 8192, 64):
            store.byte_budget = 64 * 128 * 3200
            store.put(samples(32, range(begin, begin + 64)))
        before, on_disk = store.used(), _on_disk(folder)
        began = time.perf_counter()
        evicted = store.evict(to=before * 3 // 4)
        times.append((time.perf_counter() - began) / max(1, evicted.samples) * 1e6)
        freed.append((on_disk - _on_disk(folder)) / max(1, evicted.freed))
        store.close()
    bench.row("evict", "a quarter of 8,192", f"{np.median(times):.2f} us a sample", "")
    bench.need("evict a quarter, us a sample", float(np.median(times)), at_most=5.0)
    bench.need("space back at once, of what was evicted", float(np.median(freed)), at_least=0.95)


def _on_disk(folder: Path) -> int:
    """Count the bytes that files take on the disk."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())


def seeing(bench: Benchmark, root: Path, commits: int) -> None:
    """Watch a writer from another process."""
    seen: Watched = watch_a_writer(root / "watched", commits)
    p50, p99 = np.quantile(seen.delays_ms, [0.5, 0.99])
    bench.row(
        "see a commit", "p50, p99", f"{p50:.2f} ms, {p99:.2f} ms", f"a look {seen.look_us:.1f} us"
    )
    bench.need("a commit is seen, ms p50", float(p50), at_most=1.0)
    bench.need("a commit is seen, ms p99", float(p99), at_most=10.0)
    bench.need("a look, us", seen.look_us, at_most=25.0)


def writing_together(bench: Benchmark, root: Path, rounds: int) -> None:
    """Compare two writers with one."""
    turns = iter(range(10**6))
    runs = [
        lambda n=n: rate_of_writers(root / f"together-{next(turns)}", n, seconds=0.7)
        for n in (1, 2)
    ]
    rates = interleaved(runs, rounds)
    over = ratio_interval(rates[:, 1], rates[:, 0])
    both = f"{np.median(rates[:, 1]):.0f} samples/s"
    bench.row("write", "two processes", both, f"{shown(over)} of one")
    bench.need("two writers over one", over[0], at_least=1.3)


def main() -> int:
    """Run the benchmark."""
    bench = Benchmark("store", __doc__ or "")
    parser = bench.parser()
    parser.add_argument("--quick", action="store_true", help="few rounds")
    parser.add_argument(
        "--folder", type=Path, help="on the disk to be measured; default: temporary"
    )
    args: argparse.Namespace = parser.parse_args()
    rounds = 7 if args.quick else 21
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        root = Path(folder)
        for side in SIZES:
            reading(bench, root, side, rounds)
            commits(bench, root, side, rounds if side == 32 else rounds // 2 + 1)
        opening(bench, root, rounds)
        evicting(bench, root)
        seeing(bench, root, 50 if args.quick else 200)
        writing_together(bench, root, 3 if args.quick else 7)
    return bench.finish(args, ["what", "how", "figure", "ratio (95 % interval)"])


if __name__ == "__main__":
    sys.exit(main())
