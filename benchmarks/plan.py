"""Cost of planning beside the loading that it plans.

Planning 4,096 slots, half of them synthetic, in turn with a plain DataLoader that delivers 4,096 samples (32x32x3 uint8
arrays in memory, batch 64, no workers): one source at 10^3, 10^9 and 2^30 + 1 real samples in batches of 64; data of
few batches (45 samples in batches of 32, 100 in 64, 1,000 in 400), where each block of batches holds many ends of
passes; 8,000 samples, where each block holds the end of one; several sources, with labels and `balance="uniform"`.

Targets: planning takes less than 1 % of the plain loader's time for the same slots at 10^3, 10^9 and 2^30 + 1 samples,
and less than 20 us a batch; above 2^22 samples the plan's memory stays below 10 MB. The other rows have no target; they
are there to be read.
"""

from __future__ import annotations

import sys
import time
import tracemalloc
from typing import Any

import numpy as np
import torch
from harness import Benchmark, interleaved, ratio_interval
from torch.utils.data import DataLoader
from workloads import Arrays

from lightning_synthaug.plan import Breakpoint, Epoch, Knots, Plan, SourceSpec

SLOTS = 4096
BATCH = 64
SIZES = {"1e3": 10**3, "1e9": 10**9, "2^30+1": 2**30 + 1}
HALF = Knots([Breakpoint(0, 0.5, 0.5)])
ONE = (SourceSpec("generator"),)
TWO = (SourceSpec("a", 2), SourceSpec("b", 1))


def make_plan(
    size: int, batch: int = BATCH, sources: tuple[SourceSpec, ...] = ONE, **options: Any
) -> Plan:
    """Plan half synthetic batches of a dataset."""
    return Plan(Epoch(size, batch), HALF, sources, seed=1, **options)


def labels(classes: int) -> Any:
    """Label 50,000 samples."""
    return np.arange(50_000) ** 2 % classes


def others() -> dict[str, Planning]:
    """Return the rows without a target."""
    uniform = {"balance": "uniform"}
    return {
        "45, batch 32": Planning(make_plan(45, 32)),
        "100, batch 64": Planning(make_plan(100)),
        "1000, batch 400": Planning(make_plan(1000, 400)),
        "8000, an end a block": Planning(make_plan(8000)),
        "two sources": Planning(make_plan(10**5, sources=TWO)),
        "10 labels, uniform": Planning(make_plan(50_000, labels=labels(10), **uniform)),
        "100 labels, uniform": Planning(make_plan(50_000, labels=labels(100), **uniform)),
        "100 labels, uniform, two": Planning(
            make_plan(50_000, sources=TWO, labels=labels(100), **uniform)
        ),
    }


class Planning:
    """Plan the next block of batches and where each begins, as the loader does.

    It tells the seconds of processor time for 4,096 slots.

    Args:
        plan: The plan.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.batch = 0

    def __call__(self) -> float:
        """Measure one stretch."""
        plan = self.plan
        began = time.process_time()
        first, end = plan.block_batches(self.batch)
        slots = len(plan.block(first))
        plan.bounds(first, end)
        self.batch = end
        return (time.process_time() - began) * SLOTS / slots


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
        began = time.process_time()
        for _ in loader:
            pass
        return time.process_time() - began

    plans = {name: Planning(make_plan(size)) for name, size in SIZES.items()} | others()
    for run in (plain, *plans.values()):
        run()
    times = interleaved([plain, *plans.values()], 41)
    for i, name in enumerate(plans, start=1):
        share, low, high = ratio_interval(times[:, i], times[:, 0])
        micro = float(np.median(times[:, i])) * 1e6
        size = SIZES.get(name)
        used = memory_mb(size) if size else None
        bench.rows.append(
            (
                name,
                f"{micro:.0f}",
                f"{share:.2%}",
                f"{low:.2%} to {high:.2%}",
                "" if used is None else f"{used:.2f}",
            )
        )
        key = name.replace(",", "").replace(" ", "_")
        bench.figures[f"plan_{key}_us"] = micro
        if size is None or used is None:
            bench.figures[f"plan_{key}_share_of_plain_loader"] = share
            continue
        bench.need(f"plan_{key}_share_of_plain_loader", share, at_most=0.01)
        bench.need(f"plan_{key}_us_a_batch", micro * BATCH / SLOTS, at_most=20.0)
        if size > 2**22:
            bench.need(f"plan_{key}_memory_mb", used, at_most=10.0)
    bench.figures["plain_loader_4096_us"] = float(np.median(times[:, 0])) * 1e6
    print(f"plain DataLoader: {bench.figures['plain_loader_4096_us']:.0f} us for {SLOTS} samples")
    return bench.finish(
        args, ["real samples", "us for 4096 slots", "share of plain", "95 % interval", "peak MB"]
    )


if __name__ == "__main__":
    sys.exit(main())
