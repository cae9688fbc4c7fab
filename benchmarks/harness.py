"""What every benchmark shares: options, targets, intervals, a table and a JSON file."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["Benchmark", "interleaved", "ratio_interval", "shown"]


@dataclass
class Target:
    """A bound that a figure must keep."""

    name: str
    value: float
    bound: float
    at_least: bool

    @property
    def met(self) -> bool:
        """Whether it is kept."""
        return self.value >= self.bound if self.at_least else self.value <= self.bound

    def __str__(self) -> str:
        """Write it for people."""
        sign = ">=" if self.at_least else "<="
        return f"{'ok  ' if self.met else 'MISS'} {self.name}: {self.value:.3f} {sign} {self.bound}"


@dataclass
class Benchmark:
    """Collects figures under flat names, prints them, and holds them against targets.

    Args:
        name: The benchmark's name.
        doc: Its docstring, shown by `--help`.
    """

    name: str
    doc: str
    figures: dict[str, float] = field(default_factory=dict)
    rows: list[Sequence[object]] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    results: list[dict[str, Any]] = field(default_factory=list)

    def parser(self) -> argparse.ArgumentParser:
        """Return the options that every benchmark takes."""
        parser = argparse.ArgumentParser(
            description=self.doc, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
        parser.add_argument(
            "--check", action="store_true", help="exit with status 1 when a target is missed"
        )
        return parser

    def row(self, *cells: object) -> None:
        """Add a row to the table."""
        self.rows.append(cells)

    def need(
        self,
        name: str,
        value: float,
        *,
        at_least: float | None = None,
        at_most: float | None = None,
    ) -> None:
        """Record a figure that has a target."""
        self.figures[name] = value
        bound = at_least if at_least is not None else at_most
        assert bound is not None
        self.targets.append(Target(name, value, bound, at_least is not None))

    def finish(self, args: argparse.Namespace, header: Sequence[str]) -> int:
        """Print the table, write the JSON, return the exit status."""
        table = [list(map(str, header)), *([str(cell) for cell in row] for row in self.rows)]
        widths = [max(len(row[i]) for row in table) for i in range(len(header))]
        print(
            "\n".join(
                "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True))
                for row in table
            )
        )
        print("\n".join(map(str, self.targets)))
        if args.json:
            told = {
                "figures": self.figures, "targets": [asdict(t) | {"met": t.met} for t in self.targets],
                "table": table, "results": self.results, "machine": machine(),
            }  # fmt: skip
            args.json.write_text(json.dumps(told, indent=1) + "\n")
        missed = [t for t in self.targets if not t.met]
        return 1 if args.check and missed else 0


def machine() -> dict[str, Any]:
    """Describe versions and machine."""
    versions = {name: metadata.version(name) for name in ("torch", "numpy", "lightning-synthaug")}
    return {
        **versions,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }


def interleaved(runs: Sequence[Callable[[], float]], repeats: int) -> np.ndarray:
    """Call several measurements in turn, in an order that changes, so that a drift of the machine hits all alike.

    Args:
        runs: Each returns its figure.
        repeats: Rounds.

    Returns:
        Figures, shape `(repeats, len(runs))`.
    """
    rng = np.random.default_rng(0)
    out = np.empty((repeats, len(runs)))
    for r in range(repeats):
        for i in rng.permutation(len(runs)):
            out[r, i] = runs[i]()
        print(f"\r{r + 1}/{repeats}", end="", file=sys.stderr, flush=True)
    print("\r       \r", end="", file=sys.stderr)
    return out


def ratio_interval(ours: np.ndarray, theirs: np.ndarray) -> tuple[float, float, float]:
    """Estimate a ratio of paired figures.

    Args:
        ours: Figures, shape `(repeats,)`.
        theirs: Figures of the same rounds.

    Returns:
        Median of the paired ratios, and a 95 % bootstrap interval of it.
    """
    ratios = ours / theirs
    rng = np.random.default_rng(0)
    medians = np.median(ratios[rng.integers(0, ratios.size, (4000, ratios.size))], axis=1)
    low, high = np.quantile(medians, [0.025, 0.975])
    return float(np.median(ratios)), float(low), float(high)


def shown(interval: tuple[float, float, float]) -> str:
    """Write a ratio with its interval.

    Args:
        interval: As `ratio_interval` returns it.
    """
    return "{:.2f} ({:.2f} to {:.2f})".format(*interval)
