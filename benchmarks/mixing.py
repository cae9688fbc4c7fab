"""What mixing costs beside the plain `DataLoader` that it replaces, for each way in which batches are put together.

Workloads as in `loaders.py`, and the arrays in a `TensorDataset`, which gives rows all at once. Batches of 64, torch's
default collate, one thread, samples generated before the clock starts. Loaders take turns by stretches, and workers
are started anew for each repeat. At ratio 0 without workers they take turns batch by batch: a drift of the machine hits
both alike, so that a difference of a hundredth can be told. (It is dearer for both, as each finds the other's data in
the processor's caches.)

Targets. Ratio 0: the lower end of the 95 % interval of our rate over the plain loader's is at least 0.97 everywhere,
with two workers on arrays at least 2.0. Two datasets half and half, sample by sample: processor time at most 1.10 of
the plain loader's and of ConcatDataset + WeightedRandomSampler's. Half from the cache, no workers: 0.75 (rate 1.3);
both halves by batch: 0.45 (2.3); with two workers: 0.45 (2.3). A tenth from the cache, two workers: 0.5 (2.0) on
arrays, 0.75 (1.4) on JPEG.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from common import fill, folder_of, ours, plain
from harness import Benchmark, ratio_interval, shown
from peers import concat
from race import Entry, Values, race
from workloads import NAMES, Workload, workload

PLAIN, CONCAT = "plain DataLoader", "ConcatDataset + WeightedRandomSampler"
NONE, HALF, TENTH = "ratio 0", "half from the cache", "a tenth from the cache"
PAIR = "half from another dataset"


class Floor(NamedTuple):
    """What one way of mixing must reach.

    Attributes:
        entry: The way.
        workload: Where it counts.
        workers: With how many workers.
        over: The loader that it is held against.
        cpu: Processor time over that one's, at most.
        rate: Rate over that one's, at least; 0 for no bound.
    """

    entry: str
    workload: str
    workers: int
    over: str
    cpu: float
    rate: float = 0.0


FLOORS = (
    *(Floor(PAIR, "arrays", workers, over, 1.10) for workers in (0, 2) for over in (PLAIN, CONCAT)),
    Floor(HALF, "arrays", 0, PLAIN, 0.75, 1.3),
    Floor(HALF, "tensors", 0, PLAIN, 0.45, 2.3),
    Floor(HALF, "arrays", 2, PLAIN, 0.45, 2.3),
    Floor(TENTH, "arrays", 2, PLAIN, 0.5, 2.0),
    Floor(TENTH, "jpeg", 2, PLAIN, 0.75, 1.4),
)


def entries(load: Workload, workers: int) -> list[list[Entry]]:
    """List the ways that have a bound in a case; a race for each list."""
    asked = {floor.entry for floor in FLOORS if floor[1:3] == (load.name, workers)}
    ways = {
        HALF: Entry(HALF, partial(ours, load, workers, 0.5), warm=3),
        TENTH: Entry(TENTH, partial(ours, load, workers, 0.1), warm=3),
        PAIR: Entry(PAIR, partial(ours, load, workers, 0.5, cached=False)),
    }
    both = [Entry(CONCAT, partial(concat.build, load, workers, 0.5))] if PAIR in asked else []
    none = Entry(NONE, partial(ours, load, workers, 0.0))
    others = [*(entry for name, entry in ways.items() if name in asked), *both]

    def beside_plain(*own: Entry) -> list[Entry]:
        return [Entry(PLAIN, partial(plain, load, workers)), *own]

    if workers or not others:
        return [beside_plain(none, *others)]
    return [beside_plain(none), beside_plain(*others)]


def judge(bench: Benchmark, load: Workload, workers: int, raced: list[Entry]) -> None:
    """Write the rows of a case, and hold them against the floors."""
    by_name = {entry.name: entry for entry in raced}
    case = f"{load.name}, {workers} workers"

    def over(ours: str, theirs: str, what: str) -> tuple[float, float, float]:
        pair = (np.array(getattr(by_name[name], what)) for name in (ours, theirs))
        return ratio_interval(*pair)

    for name, entry in by_name.items():
        cells = [over(name, PLAIN, what) for what in ("rates", "cpu_us")]
        median = f"{np.median(entry.rates):.0f}"
        bench.row(load.name, workers, name, median, *map(shown, cells))
    if NONE in by_name:
        low = over(NONE, PLAIN, "rates")[1]
        least = 2.0 if (load.name, workers) == ("arrays", 2) else 0.97
        bench.need(f"{case}, ratio 0: rate over plain, low end", low, at_least=least)
    for floor in FLOORS:
        if floor[1:3] != (load.name, workers) or floor.entry not in by_name:
            continue
        what = f"{case}, {floor.entry}: over {floor.over}"
        cpu = over(floor.entry, floor.over, "cpu_us")[0]
        bench.need(f"{what}, processor time", cpu, at_most=floor.cpu)
        if floor.rate:
            rate = over(floor.entry, floor.over, "rates")[0]
            bench.need(f"{what}, rate", rate, at_least=floor.rate)


def main() -> int:
    """Run the benchmark."""
    bench = Benchmark("mixing", __doc__ or "")
    parser = bench.parser()
    parser.add_argument("--workload", choices=NAMES, help="one of them; all by default")
    parser.add_argument("--workers", type=int, choices=(0, 2), help="0 or 2; both by default")
    parser.add_argument("--repeats", type=int, default=7, help="fresh starts (default: 7)")
    parser.add_argument("--rounds", type=int, default=3, help="turns in each (default: 3)")
    parser.add_argument("--folder", type=Path, help="files to keep between runs")
    args: argparse.Namespace = parser.parse_args()
    with folder_of(args) as folder:
        for name in [args.workload] if args.workload else NAMES:
            load = workload(name, folder)
            values = Values(load)
            fill(load)
            for workers in (0, 2) if args.workers is None else (args.workers,):
                print(f"{name}, {workers} workers", file=sys.stderr)
                for raced in entries(load, workers):
                    turns = not workers and NONE in (entry.name for entry in raced)
                    race(raced, values, repeats=args.repeats, rounds=args.rounds, by_batches=turns)
                    judge(bench, load, workers, raced)
                    bench.results += [
                        {"workload": name, "workers": workers, **entry.figures()} for entry in raced
                    ]
    header = ["workload", "workers", "loader", "samples/s", "rate over plain", "CPU over plain"]
    return bench.finish(args, header)


if __name__ == "__main__":
    sys.exit(main())
