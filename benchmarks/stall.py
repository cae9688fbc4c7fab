"""What training costs beside a producer (`fill="background"`), against the same training on a full cache.

Training is a small network in one thread, without workers, so that all that mixing does is in its way. Each sample is
served once, so that a producer never rests. Generators: one that waits as for a GPU and sustains the demand; one that
waits and makes a tenth of it, turning every tenth request down; and one that computes all the time, in one thread of
the lowest priority. Runs on the full and on the empty cache follow each other in a changing order, and are paired.

The clock of the run on the empty cache starts before its producer does; that of the run on the full one after its first
batch, when all samples are found. What remains is what a producer costs.

Targets: 1.02 of the wall time where the generator sustains the demand, 1.05 where it makes a tenth, 1.25 where it
computes; the first batch comes no later than from the full cache. Exactly: planned = served + starved + rejected. After
the first tenth of a run the starved share is within 0.02 of 1 - rate / demand, where the rate is of all samples that
were made for what follows: those since, and those that were there by then.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from harness import Benchmark, interleaved, ratio_interval
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import lightning_synthaug as sa

BATCH, RATIO, SIDE, CLASSES = 64, 0.5, 32, 10
SAMPLES = 6400


class Bound(sa.Generator):
    """Make images of noise at a rate.

    Args:
        rate: Samples a second; 0: as many as can be.
        computes: Whether it keeps a core busy meanwhile, or waits as for a GPU.
        turns_down: Every so many-th number is turned down at each attempt; 0: none.
    """

    conditioning = "class"
    batch_size = 64

    def __init__(self, rate: float, *, computes: bool = False, turns_down: int = 0) -> None:
        self.rate, self.computes, self.turns_down = rate, computes, turns_down

    def load(self, device: str) -> None:
        """Draw what is handed out: a device does not have the processor make images one by one."""
        self.noise = np.random.default_rng(0).integers(0, 255, (512, SIDE, SIDE, 3), np.uint8)

    def fingerprint(self) -> str:
        """Identify the output, which does not depend on the rate."""
        return f"bound-{self.turns_down}"

    def generate(self, requests: Sequence[sa.Request]) -> list[sa.Record | sa.Rejection]:
        """Take as long as the rate says."""
        end = time.perf_counter() + len(requests) / self.rate if self.rate else 0.0
        answers = [self._one(r) for r in requests]
        while self.computes and time.perf_counter() < end:
            np.linalg.norm(np.random.default_rng(0).random((64, 64)) @ np.ones((64, 64)))
        time.sleep(max(0.0, end - time.perf_counter()))
        return answers

    def _one(self, request: sa.Request) -> sa.Record | sa.Rejection:
        if self.turns_down and request.number % self.turns_down == 0:
            return sa.Rejection("as the benchmark wants it")
        return sa.Record(
            {"image": self.noise[request.seed % len(self.noise)], "label": request.label}
        )


class Case(NamedTuple):
    """A generator and what it may cost."""

    name: str
    share: float
    computes: bool
    turns_down: int
    batches: int
    bound: float


CASES = (
    Case("waits, sustains", 1.5, False, 0, 1200, 1.02),
    Case("waits, a tenth", 0.1, False, 10, 1500, 1.05),
    Case("computes", 1.0, True, 0, 600, 1.25),
)


class Run(NamedTuple):
    """What a run took, and its account at a tenth and at the end.

    Attributes:
        wall: Seconds, from the start that its case wants.
        first: Seconds until its first batch.
        ledgers: (planned, served, starved, rejected, generated) at both points.
        stock: Samples that were there at a tenth for what follows.
    """

    wall: float
    first: float
    ledgers: list[tuple[float, ...]]
    stock: int


def train(cache: Path, generator: sa.Generator, batches: int, fill: str) -> Run:
    """Train for some batches."""
    torch.manual_seed(0)
    images = torch.randint(0, 255, (SAMPLES, SIDE, SIDE, 3), dtype=torch.uint8)
    data = TensorDataset(images, torch.arange(SAMPLES) % CLASSES)
    model = nn.Sequential(
        nn.Conv2d(3, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3, stride=2), nn.ReLU(), nn.Flatten(),
        nn.Linear(64 * 14 * 14, CLASSES),
    )  # fmt: skip
    optimizer = torch.optim.SGD(model.parameters(), 1e-3)
    mixed = sa.mix(
        DataLoader(data, BATCH, shuffle=True), generator, RATIO, cache=cache, fill=fill,
        reuse=1, pool=10**6, total_batches=batches,
    )  # fmt: skip
    totals, ledgers, number, first, stock = mixed.feed.totals, [], 0, 0.0, 0
    began = time.perf_counter()
    while number < batches:
        for images, labels in mixed:
            first = first or time.perf_counter() - began
            x = images.permute(0, 3, 1, 2).float() / 255
            loss = nn.functional.cross_entropy(model(x), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            number += 1
            if number in (batches // 10, batches):
                kinds = ("planned", "served", "starved", "rejected", "generated")
                ledgers.append(tuple(float(getattr(totals, k)) for k in kinds))
            if number == batches // 10:
                asked = time.perf_counter()
                stock = _stock(mixed.feed, number)
                began += time.perf_counter() - asked
            if number == batches:
                break
    wall = time.perf_counter() - began
    mixed.feed.mixture.close()
    return Run(wall, first, ledgers, stock)


def _stock(feed: Any, number: int) -> int:
    """Count what is there of the samples that batches from one on need."""
    plan, (source,) = feed.plan, feed.mixture.generated
    first = plan.knots.count(plan.slot(number))
    planned = plan.synthetic(first, first + (1 << 15))
    return int((source.places.find(source.needs.identities(planned))[:, 0] >= 0).sum())


def measure(bench: Benchmark, case: Case, folder: Path, groups: int) -> None:
    """Measure one case."""
    full = folder / f"full-{case.turns_down}"
    quick = Bound(0, turns_down=case.turns_down)
    train(full, quick, case.batches, "ahead")
    plain = train(full, quick, case.batches, "ahead")
    demand = case.batches * BATCH * RATIO / (plain.wall - plain.first)
    generator = Bound(case.share * demand, computes=case.computes, turns_down=case.turns_down)
    runs: list[Run] = []
    firsts: list[float] = []

    def on_full() -> float:
        run = train(full, quick, case.batches, "ahead")
        firsts.append(run.first)
        return run.wall - run.first

    def beside_a_producer() -> float:
        with tempfile.TemporaryDirectory(dir=folder) as empty:
            runs.append(train(Path(empty), generator, case.batches, "background"))
        return runs[-1].wall

    seconds = interleaved([beside_a_producer, on_full], groups)
    ratio, low, high = ratio_interval(seconds[:, 0], seconds[:, 1])
    bench.need(f"{case.name}: wall time", ratio, at_most=case.bound)
    first = float(np.median([r.first for r in runs]) / np.median(firsts))
    bench.need(f"{case.name}: first batch over that from a full cache", first, at_most=1.0)
    wrong = [
        planned - served - starved - rejected
        for run in runs
        for planned, served, starved, rejected, _ in run.ledgers
    ]
    bench.need(f"{case.name}: rows unaccounted for", float(np.abs(wrong).max()), at_most=0.0)
    shares = [_starved(run) for run in runs]
    gap = float(np.median([abs(starved - wanted) for starved, wanted in shares]))
    bench.need(f"{case.name}: starved share off 1 - rate / demand by", gap, at_most=0.02)
    starved, wanted = np.median(np.array(shares), axis=0)
    bench.rows.append(
        (
            case.name, f"{ratio:.3f}", f"{low:.3f} to {high:.3f}", f"{demand:.0f}/s",
            f"{np.median([r.first for r in runs]):.3f} s", f"{starved:.3f}", f"{wanted:.3f}",
        )
    )  # fmt: skip


def _starved(run: Run) -> tuple[float, float]:
    """Return the starved share after the first tenth, and 1 - rate / demand."""
    tenth, end = run.ledgers
    planned, _, starved, rejected, generated = (b - a for a, b in zip(tenth, end, strict=True))
    # What is turned down for good is an answer, too.
    return starved / planned, max(0.0, 1 - (run.stock + generated + rejected) / planned)


def main() -> int:
    """Run all cases."""
    bench = Benchmark("stall", __doc__ or "")
    parser = bench.parser()
    parser.add_argument("--groups", type=int, default=6, metavar="N", help="pairs of runs a case")
    names = [case.name for case in CASES]
    parser.add_argument("--only", choices=names, help="one case; all by default")
    args = parser.parse_args()
    torch.set_num_threads(1)
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        for case in (c for c in CASES if args.only in (None, c.name)):
            print(case.name, file=sys.stderr)
            measure(bench, case, Path(folder), args.groups)
    return bench.finish(
        args,
        ("generator", "wall", "interval", "demand", "first batch", "starved", "1 - rate/demand"),
    )


if __name__ == "__main__":
    sys.exit(main())
