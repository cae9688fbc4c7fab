"""What does not grow: with the real data, with the cache, with the number of sources.

Real data of 10^3 and 10^9 samples that are computed when they are asked for; caches of 10^4, 10^5 and 10^6 records of
32 bytes, each in a process of its own; 64 sources beside one, with the same samples in all.

Targets: the first batch at 10^9 comes within 1.05 times what it takes at 10^3, a resume from sample 10^9 within 50 ms
and with less than 10 MB; a worker grows by less than 1 byte a cached record, the main process by less than 20 (200 MB
at 10^7); a sample costs at most 1.10 times as much with 64 sources as with one, and with 10^6 records as with 10^4.

    python benchmarks/scale.py --records 10000000      # the largest cache
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import io
import itertools
import multiprocessing
import os
import resource
import signal
import sys
import time
import tracemalloc
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from common import BATCH, folder_of
from harness import Benchmark, interleaved, ratio_interval, shown
from tinies import Numbers, Tiny, tiny
from torch.utils.data import DataLoader
from usage import memory_mb

import lightning_synthaug as sa
from lightning_synthaug.store import NewSample, ShardReader, Store

FAR = 10**9
RECORDS = (10**4, 10**5, 10**6)
SOURCES = 64
CACHED_BYTES = 60 * 10**9
AT_ONCE = 1 << 15


def mixed(folder: Path, real: int, source: Any) -> Any:
    """Mix half and half."""
    loader = DataLoader(Numbers(real), BATCH, shuffle=True)
    return sa.mix(loader, source, 0.5, cache=folder, cache_bytes=CACHED_BYTES)


def first_batch(folder: Path, real: int, at: int = 0) -> float:
    """Return the milliseconds from nothing to a batch at a position. The cache is full.

    Args:
        folder: Folder of the cache.
        real: Real samples.
        at: Sample that the run goes on from.
    """
    began = time.perf_counter()
    loader = mixed(folder, real, Tiny(1000))
    if at:
        loader.load_state_dict({"batches": at // BATCH})
    batches = iter(loader)
    next(batches)
    took = (time.perf_counter() - began) * 1e3
    batches.close()
    loader.feed.mixture.close()
    return took


def real_data(folder: Path, repeats: int) -> dict[str, list[float]]:
    """Grow the real data, in a process of its own that may use 8 GB and a minute for a batch."""
    resource.setrlimit(resource.RLIMIT_AS, (8 * 2**30, 8 * 2**30))
    signal.signal(signal.SIGALRM, _too_long)
    positions = {"10^3": (1000, 0), "10^9": (FAR, 0), "from 10^9 on": (4 * FAR, FAR)}
    first_batch(folder, 1000)
    times: dict[str, list[float]] = {name: [] for name in positions}
    for _ in range(repeats):
        for name, (size, at) in positions.items():
            if any(map(np.isinf, times[name])):
                continue
            signal.alarm(60)
            try:
                times[name].append(first_batch(folder, size, at))
            except (MemoryError, TimeoutError):
                times[name].append(float("inf"))
            signal.alarm(0)
    peak = float("inf")
    if np.isfinite(times["from 10^9 on"]).all():
        tracemalloc.start()
        first_batch(folder, 4 * FAR, FAR)
        peak = tracemalloc.get_traced_memory()[1] / 1e6
    return {**times, "peak_mb": [peak]}


def _too_long(number: int, frame: Any) -> None:
    raise TimeoutError(number)


def judge_real_data(bench: Benchmark, figures: dict[str, list[float]]) -> None:
    """Hold what was measured against the bounds."""
    near, far, resumed = (np.array(figures[k]) for k in ("10^3", "10^9", "from 10^9 on"))
    few = min(near.size, far.size)
    over = ratio_interval(far[:few], near[:few])
    median = f"{np.median(far):.1f} ms"
    bench.row("first batch", "10^9 over 10^3 real samples", median, shown(over))
    bench.need("first batch at 10^9 over that at 10^3 real samples", over[0], at_most=1.05)
    bench.need("resume at sample 10^9, ms", float(np.median(resumed)), at_most=50.0)
    bench.need("memory of a resume at sample 10^9, MB", figures["peak_mb"][0], at_most=10.0)


def apart(function: Callable[..., Any], *args: Any) -> Any:
    """Call a function in a fresh process."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *args).result()


def fill_cache(folder: Path, records: int) -> dict[str, float]:
    """Fill a cache, or find it full; in a process of its own. As a run would, but many samples at once."""
    began = time.perf_counter()
    loader = mixed(folder, 2 * records, Tiny(records))
    mixture = loader.feed.mixture
    (source,) = mixture.generated
    for first in range(mixture.store.stats().samples, records, AT_ONCE):
        keys = source.keys(np.arange(first, min(first + AT_ONCE, records)))
        mixture.store.put([NewSample(key, tiny(number), {}) for number, key in keys.items()])
        print(f"\r  {first:,}", end="", file=sys.stderr)
    with contextlib.redirect_stderr(io.StringIO()):
        batches = iter(loader)
        next(batches)  # with which places are remembered
        batches.close()
    assert loader.feed.totals.generated == 0
    mixture.close()
    return {"fill_seconds": time.perf_counter() - began}


def measure_cache(folder: Path, records: int) -> dict[str, float]:
    """Read from a full cache, in a process of its own: memory at the first batch, then the cost of a sample."""
    mine = os.getpid()
    for size in (1000, records):  # the first one loads all code
        own = folder.parent / "records-1000" if size == 1000 else folder
        before = memory_mb([mine])
        loader = mixed(own, FAR, Tiny(size))  # whose own order takes no memory
        began = time.perf_counter()
        batches = iter(loader)
        next(batches)
        first = time.perf_counter() - began
        ctypes.CDLL(None).malloc_trim(0)  # what the C library keeps for later does not grow
        main = memory_mb([mine]) - before
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        batches.close()
        loader.feed.mixture.close()
        del loader, batches
    loader = mixed(folder, 2 * records, Tiny(records))
    # What the first epoch leaves out the second one serves: every checksum is checked once.
    for _ in range(2):
        deque(loader, maxlen=0)
    began, count = time.process_time(), 0
    for batch in itertools.islice(loader, 1, 2001):
        count += len(batch[0])
        if count == BATCH:
            began = time.process_time()
    cost = (time.process_time() - began) / (count - BATCH) * 1e6
    return {
        "records": records, "main_mb": main, "peak_mb": peak, "first_seconds": first, "cpu_us": cost,
    }  # fmt: skip


def reader_mb(folder: Path) -> float:
    """Read every record as a worker does, in a process of its own, and tell what that holds on to. MB."""
    with Store.open(folder, byte_budget=CACHED_BYTES) as store:
        shards = [(state.shard, state.rows) for state in store._session().index.shards().values()]
    reader, mine = ShardReader(folder), [os.getpid()]
    reader.gather(np.full(BATCH, shards[0][0]), np.arange(BATCH))  # so that all code is loaded
    reader.close()
    before = memory_mb(mine)
    for shard, rows in shards:
        for begin in range(0, rows, 1024):
            part = np.arange(begin, min(rows, begin + 1024))
            assert reader.gather(np.full(part.size, shard), part).ok.all()
    return memory_mb(mine) - before


def cached_records(bench: Benchmark, folder: Path, sizes: Sequence[int]) -> None:
    """Grow the cache."""
    figures = []
    for size in (1000, *sizes):
        own = folder / f"records-{size}"
        for step in (fill_cache, measure_cache):
            told = apart(step, own, size) if size > 1000 or step is fill_cache else {}
            print(f"  {size:,} records: {told}", file=sys.stderr)
        if size > 1000:
            told["reader_mb"] = apart(reader_mb, own)
            figures.append(told)
            shape = "main {main_mb:.0f} MB, peak {peak_mb:.0f}, a reader {reader_mb:.1f}"
            memory = shape.format(**told)
            cost = "first batch {first_seconds:.2f} s, {cpu_us:.1f} us a sample".format(**told)
            bench.row("cache", f"{size:,} records", memory, cost)
            bench.results.append(told)
    small, large = figures[0], figures[-1]
    more = large["records"] - small["records"]
    for key, name, bound in (
        ("reader_mb", "a worker's reader holds", 1.0),
        ("main_mb", "the main process holds", 20.0),
        ("peak_mb", "the main process held at its peak", 60.0),
    ):
        grown = (large[key] - small[key]) * 1e6 / more
        bench.need(f"{name}, bytes a cached record", grown, at_most=bound)
    dearer = large["cpu_us"] / small["cpu_us"]
    bench.need("a sample from the largest cache over the smallest, CPU", dearer, at_most=1.10)


def many_sources(bench: Benchmark, folder: Path, repeats: int) -> None:
    """Spread the same number of samples over many sources."""
    size = 16_384
    pool = size // 2  # each pass needs all of it, so that nothing is made while it is measured
    few = mixed(folder / "one", 2 * size, Tiny(pool))
    parts = {f"s{i}": Tiny(pool // SOURCES, f"part-{i}") for i in range(SOURCES)}
    many = mixed(folder / "many", 2 * size, parts)

    def cost(loader: Any) -> float:
        began, count = time.process_time(), 0
        for batch in loader:
            count += len(batch[0])
        return (time.process_time() - began) / count * 1e6

    for loader in (few, many) * 4:
        cost(loader)
    times = interleaved([lambda: cost(few), lambda: cost(many)], repeats)
    over = ratio_interval(times[:, 1], times[:, 0])
    median = f"{np.median(times[:, 1]):.2f} us a sample"
    bench.row("sources", "64 over one", median, shown(over))
    bench.need("64 sources over one, processor time a sample", over[0], at_most=1.10)


def main() -> int:
    """Run the benchmark."""
    bench = Benchmark("scale", __doc__ or "")
    parser = bench.parser()
    parser.add_argument("--records", type=int, default=RECORDS[-1], help="of the largest cache")
    parser.add_argument("--repeats", type=int, default=15, help="rounds (default: 15)")
    parser.add_argument("--folder", type=Path, help="files to keep between runs")
    args: argparse.Namespace = parser.parse_args()
    with folder_of(args) as folder:
        judge_real_data(bench, apart(real_data, folder / "real", args.repeats))
        many_sources(bench, folder, max(7, args.repeats // 2))
        sizes = sorted({*(size for size in RECORDS if size < args.records), args.records})
        cached_records(bench, folder, sizes)
    return bench.finish(args, ["what", "how", "figure", "ratio"])


if __name__ == "__main__":
    sys.exit(main())
