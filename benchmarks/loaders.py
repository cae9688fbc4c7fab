"""Loaders that mix two datasets half and half, beside the plain `DataLoader` of one of them.

Workloads: 32x32 arrays, 224x224 JPEG files, tokenised texts, one second of audio in WAV files; batches of 64, 0 and 2
workers in all. Each loader is started anew for each repeat and warmed up; then all take turns in a changing order. The
first batches of each are looked at: every row must be a sample of the workload with its own label. Rates leave the
first batch out, which has a column of its own. Ratios are paired by turn, with 95 % bootstrap intervals.

The synthetic half lies decoded in our cache, and decoded in memory for the others (or in their own format).

Targets: behind no other (the upper end of the interval of the rates at least 1), on arrays ahead of all in rate and in
processor time; 1.3 times the plain loader on JPEG; the first batch after at most 1.1 times the plain loader's time.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

import numpy as np
from common import fill, folder_of, ours, plain
from harness import Benchmark, ratio_interval, shown
from peers import PEERS, peer
from race import Entry, Values, race
from workloads import Workload, workload

PLAIN, OURS, PAIR = "plain DataLoader", "lightning_synthaug", "lightning_synthaug, two datasets"
WORKLOADS = ("arrays", "jpeg", "text", "audio")
RATIO = 0.5


def entries(load: Workload, workers: int, only: str) -> list[Entry]:
    """List who takes part."""
    built = [
        Entry(PLAIN, partial(plain, load, workers)),
        Entry(OURS, partial(ours, load, workers, RATIO), warm=3),
        Entry(PAIR, partial(ours, load, workers, RATIO, cached=False)),
    ]
    for name in PEERS:
        if only not in name:
            continue
        module = peer(name)
        if module is None:
            print(f"{name}: left out, it is not installed (pip install '.[bench]')")
            continue
        build = partial(module.build, load, workers, RATIO)
        built.append(Entry(name, build, endless=getattr(module, "ENDLESS", False)))
    return built


def judge(bench: Benchmark, load: Workload, workers: int, raced: list[Entry]) -> None:
    """Write the rows of a race, and hold ours against the targets."""
    by_name = {entry.name: entry for entry in raced}
    base, mine = by_name[PLAIN], by_name[OURS]
    case = f"{load.name}, {workers} workers"
    for entry in raced:
        if entry.problem:
            bench.row(load.name, workers, entry.name, entry.problem[:60], *[""] * 5)
            continue
        rate = ratio_interval(np.array(entry.rates), np.array(base.rates))
        cpu = ratio_interval(np.array(entry.cpu_us), np.array(base.cpu_us))
        share = "" if entry.share is None else f"{entry.share[0]:.3f} ± {entry.share[1]:.3f}"
        bench.row(
            load.name, workers, entry.name, f"{np.median(entry.rates):.0f}", shown(rate), shown(cpu),
            f"{np.median(entry.firsts) * 1e3:.0f}", f"{np.median(entry.memory):.0f}", share,
        )  # fmt: skip
        if entry.name in PEERS:
            _against(bench, case, mine, entry, ahead=load.name == "arrays")
    if load.name == "jpeg":
        over = ratio_interval(np.array(mine.rates), np.array(base.rates))[0]
        bench.need(f"{case}: over the plain loader", over, at_least=1.3)
    first = ratio_interval(np.array(mine.firsts), np.array(base.firsts))
    bench.need(f"{case}: first batch over the plain loader's", first[0], at_most=1.1)


def _against(bench: Benchmark, case: str, mine: Entry, other: Entry, *, ahead: bool) -> None:
    """Compare with one peer."""
    _, low, high = ratio_interval(np.array(mine.rates), np.array(other.rates))
    bench.need(f"{case}: not behind {other.name}", high, at_least=1.0)
    if ahead:
        bench.need(f"{case}: ahead of {other.name}", low, at_least=1.0)
        cpu = ratio_interval(np.array(mine.cpu_us), np.array(other.cpu_us))
        bench.need(f"{case}: processor time below {other.name}", cpu[2], at_most=1.0)


def main() -> int:
    """Run the benchmark."""
    bench = Benchmark("loaders", __doc__ or "")
    parser = bench.parser()
    parser.add_argument("--workload", choices=WORKLOADS, help="one of them; all by default")
    parser.add_argument("--workers", type=int, choices=(0, 2), help="0 or 2; both by default")
    parser.add_argument(
        "--peer", default="", metavar="TEXT", help="only peers with TEXT in the name"
    )
    parser.add_argument("--repeats", type=int, default=7, help="fresh starts (default: 7)")
    parser.add_argument("--rounds", type=int, default=1, help="turns in each (default: 1)")
    parser.add_argument("--folder", type=Path, help="files to keep between runs")
    args: argparse.Namespace = parser.parse_args()
    with folder_of(args) as folder:
        for name in [args.workload] if args.workload else WORKLOADS:
            load = workload(name, folder)
            values = Values(load)
            fill(load)
            for workers in (0, 2) if args.workers is None else (args.workers,):
                raced = entries(load, workers, args.peer)
                print(f"{name}, {workers} workers", file=sys.stderr)
                race(raced, values, repeats=args.repeats, rounds=args.rounds)
                judge(bench, load, workers, raced)
                bench.results += [
                    {"workload": name, "workers": workers, **entry.figures()} for entry in raced
                ]
    header = "workload workers loader samples/s rate/plain CPU/plain first_ms MB share"
    return bench.finish(args, header.split())


if __name__ == "__main__":
    sys.exit(main())
