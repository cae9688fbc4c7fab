"""Cost of planning beside the loading that it plans.

Planning 4,096 slots (batches of 64, half of them synthetic) at 10^3, 10^9 and 2^30 + 1 real samples, in turn with a
plain DataLoader that delivers 4,096 samples (32x32x3 uint8 arrays in memory, batch 64, no workers).

Targets: planning takes less than 2 % of the plain loader's time for the same slots, at each size; above 2^22 samples
the plan's memory stays below 10 MB.
"""

from __future__ import annotations

import sys
import time
import tracemalloc

import numpy as np
import torch
from harness import Benchmark, interleaved, ratio_interval
from torch.utils.data import DataLoader
from workloads import Arrays

from lightning_synthaug.plan import Breakpoint, Epoch, Knots, Plan, SourceSpec

SLOTS = 4096
BATCH = 64
SIZES = {"1e3": 10**3, "1e9": 10**9, "2^30+1": 2**30 + 1}


def make_plan(size: int) -> Plan:
    """Plan half synthetic batches of a dataset."""
    return Plan(
        Epoch(size, BATCH), Knots([Breakpoint(0, 0.5, 0.5)]), [SourceSpec("generator")], seed=1
    )


class Planning:
    """Plan the next block of batches, as the loader does, and tell the seconds for 4,096 slots."""

    def __init__(self, size: int) -> None:
        self.plan = make_plan(size)
        self.batch = 0

    def __call__(self) -> float:
        """Measure one stretch."""
        began = time.perf_counter()
        first, end = self.plan.block_batches(self.batch)
        slots = len(self.plan.block(first))
        self.batch = end
        return (time.perf_counter() - began) * SLOTS / slots


def memory_mb(size: int) -> float:
    """Return the peak memory of planning at a far position, in MB."""
    tracemalloc.start()
    plan = make_plan(size)
    for batch in (0, size // BATCH // 2, size // BATCH - 1, size // BATCH):
        plan.batch(batch)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def main() -> int:
    """Run the benchmark."""
    bench = Benchmark("plan", __doc__ or "")
    args = bench.parser().parse_args()
    torch.set_num_threads(1)
    loader = DataLoader(Arrays(SLOTS), batch_size=BATCH, shuffle=True)

    def plain() -> float:
        began = time.perf_counter()
        for _ in loader:
            pass
        return time.perf_counter() - began

    plans = [Planning(size) for size in SIZES.values()]
    for run in (plain, *plans):
        run()
    times = interleaved([plain, *plans], 41)
    for i, (name, size) in enumerate(SIZES.items(), start=1):
        share, low, high = ratio_interval(times[:, i], times[:, 0])
        micro = float(np.median(times[:, i])) * 1e6
        used = memory_mb(size)
        bench.rows.append(
            (name, f"{micro:.0f}", f"{share:.2%}", f"{low:.2%} to {high:.2%}", f"{used:.2f}")
        )
        bench.figures[f"plan_{name}_us"] = micro
        bench.need(f"plan_{name}_share_of_plain_loader", share, at_most=0.02)
        if size > 2**22:
            bench.need(f"plan_{name}_memory_mb", used, at_most=10.0)
    bench.figures["plain_loader_4096_us"] = float(np.median(times[:, 0])) * 1e6
    print(f"plain DataLoader: {bench.figures['plain_loader_4096_us']:.0f} us for {SLOTS} samples")
    return bench.finish(
        args, ["real samples", "us for 4096 slots", "share of plain", "95 % interval", "peak MB"]
    )


if __name__ == "__main__":
    sys.exit(main())
