"""Throughput of a mixed loader beside the plain DataLoader that it replaces.

Workloads: 32x32x3 uint8 arrays in memory (a dataset of NumPy arrays; the same as a TensorDataset and as a dataset that
returns tensors are shown too), and 224x224 JPEG files decoded by Pillow. 0 and 2 workers, batch 64, torch's default
collate, one thread, ratio 0 and 0.5, samples generated before the clock starts. Each round times whole epochs of all
loaders in a changing order, and ratios are paired by round. Without workers the loaders take turns batch by batch
instead: this work is done when `next` returns, and a drift of the machine within an epoch then hits all alike.

Targets: at ratio 0, the lower end of the 95 % interval of our throughput over the plain loader's is at least 0.97, with
0 and 2 workers, arrays and JPEG. At ratio 0.5 the median ratio is at least 1.3 on JPEG (0 and 2 workers) and on arrays
with 0 workers.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from harness import Benchmark, interleaved, ratio_interval
from torch.utils.data import DataLoader, TensorDataset
from workloads import Arrays, Jpegs, Tensors

import lightning_synthaug as sa

BATCH = 64

#: Workers are started anew for each group of rounds: a process can be lucky with its core and memory for its life. Two
#: plain loaders beside each other differ by up to a tenth through that, so many groups count more than many rounds.
GROUPS = 12
#: Cases with a target and workers take this many times the groups, cases without a target a part of them.
WITH_WORKERS, WITHOUT_TARGET = 2, 0.5


class Noise(sa.Generator):
    """Make images of noise: only their reading is measured."""

    conditioning = "class"
    batch_size = 256

    def __init__(self, side: int) -> None:
        self.side = side

    def fingerprint(self) -> str:
        """Identify the output."""
        return f"noise-{self.side}"

    def generate(self, requests: Sequence[sa.Request]) -> list[sa.Record | sa.Rejection]:
        """Draw one image a request."""
        shape = (self.side, self.side, 3)
        images = (np.random.default_rng(r.seed).integers(0, 255, shape, np.uint8) for r in requests)
        return [
            sa.Record({"image": i, "label": r.label}) for i, r in zip(images, requests, strict=True)
        ]


def rate(loader: DataLoader[Any]) -> Callable[[], float]:
    """Return a measurement: samples a second over one epoch."""

    def measure() -> float:
        began, count = time.perf_counter(), 0
        for images, _ in loader:
            count += len(images)
        return count / (time.perf_counter() - began)

    return measure


def by_batches(loaders: Sequence[DataLoader[Any]], seed: int) -> list[float]:
    """Iterate over one epoch of loaders of equal length, a batch of each in turn, in an order that changes.

    Args:
        loaders: What to measure, without workers.
        seed: Seed of the orders.

    Returns:
        Samples a second of each.
    """
    rng = np.random.default_rng(seed)
    seconds = [0.0] * len(loaders)
    counts = [0] * len(loaders)
    running: list[Any] = [None] * len(loaders)
    ended = [False] * len(loaders)
    while not all(ended):
        for i in rng.permutation(len(loaders)).tolist():
            began = time.perf_counter()
            if running[i] is None:
                running[i] = iter(loaders[i])
            batch = next(running[i], None)
            seconds[i] += time.perf_counter() - began
            if batch is None:
                ended[i] = True
            else:
                counts[i] += len(batch[0])
    return [count / second for count, second in zip(counts, seconds, strict=True)]


def main() -> int:
    """Run the benchmark."""
    bench = Benchmark("mixing", __doc__ or "")
    parser = bench.parser()
    parser.add_argument(
        "--repeats",
        type=int,
        default=3,
        help="rounds in each group; a case has 6 to 24 groups (default: 3)",
    )
    parser.add_argument(
        "--only", metavar="TEXT", default="", help="only workloads whose name contains TEXT"
    )
    args = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        arrays = Arrays(16384)
        tensors = Tensors(16384)
        (root / "jpeg").mkdir()
        cases: list[tuple[str, Any, int]] = [
            ("arrays 32", arrays, 32),
            ("TensorDataset 32", TensorDataset(tensors.images, torch.tensor(tensors.labels)), 32),
            ("tensors one by one 32", tensors, 32),
            ("jpeg 224", Jpegs(root / "jpeg", 1024), 224),
        ]
        for name, dataset, side in cases:
            if args.only not in name:
                continue
            labels = getattr(dataset, "labels", None)
            for workers in (0, 2):
                run_case(
                    bench, name, dataset, side, workers, labels, root / f"cache{side}", args.repeats
                )
    return bench.finish(
        args,
        ["workload", "workers", "ratio", "plain/s", "mixed/s", "mixed over plain", "95 % interval"],
    )


def run_case(
    bench: Benchmark,
    name: str,
    dataset: Any,
    side: int,
    workers: int,
    labels: Any,
    cache: Path,
    repeats: int,
) -> None:
    """Measure one workload: plain, ratio 0 and ratio 0.5 in the same rounds."""

    def loader() -> DataLoader[Any]:
        return DataLoader(
            dataset, BATCH, shuffle=True, num_workers=workers, persistent_workers=workers > 0
        )

    checked = name in ("arrays 32", "jpeg 224")
    many = (WITH_WORKERS if workers else 1) if checked else WITHOUT_TARGET
    groups = []
    for group in range(round(GROUPS * many)):
        loaders = [
            loader(),
            *(sa.mix(loader(), Noise(side), r, cache=cache, labels=labels) for r in (0.0, 0.5)),
        ]
        runs = [rate(one) for one in loaders]
        # Two epochs at ratio 0.5 go once through the pool: generates, verifies, starts workers.
        for run in [*runs, runs[2], runs[2]]:
            run()
        if workers:
            groups.append(interleaved(runs, repeats))
        else:
            groups.append(
                np.array([by_batches(loaders, group * repeats + r) for r in range(repeats)])
            )
    rates = np.concatenate(groups)
    for i, ratio in ((1, 0.0), (2, 0.5)):
        middle, low, high = ratio_interval(rates[:, i], rates[:, 0])
        plain, mixed = float(np.median(rates[:, 0])), float(np.median(rates[:, i]))
        bench.rows.append(
            (
                name,
                workers,
                ratio,
                f"{plain:.0f}",
                f"{mixed:.0f}",
                f"{middle:.3f}",
                f"{low:.3f} to {high:.3f}",
            )
        )
        key = f"{name.replace(' ', '_')}_workers_{workers}_ratio_{ratio}"
        bench.figures[f"{key}_over_plain_ratio"] = middle
        if checked and ratio == 0.0:
            bench.need(f"{key}_over_plain_ratio_low", low, at_least=0.97)
        elif checked and (side == 224 or workers == 0):
            bench.need(f"{key}_over_plain_ratio_median", middle, at_least=1.3)


if __name__ == "__main__":
    sys.exit(main())
