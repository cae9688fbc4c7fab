"""The table of the study, and whether its target is met."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np

from lowdata.config import ARMS, LEARNERS, SETS, SIZES

Figures = dict[tuple[str, int, str, str], dict[int, float]]
"""Accuracy by seed, for each set, size, learner and arm."""


def table(path: Path) -> str:
    """Write the table of all results, with differences paired by seed, and the verdict."""
    figures: Figures = {}
    for run in map(json.loads, path.read_text("utf-8").splitlines()):
        cell = run["set"], run["size"], run["learner"], run["arm"]
        figures.setdefault(cell, {})[run["seed"]] = run["accuracy"]
    lines = [
        "| set | real a class | learner | arm | seeds | accuracy | minus EDA (95 %) | minus real (95 %) |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for cell in itertools.product(SETS, SIZES, LEARNERS, ARMS):
        if cell not in figures:
            continue
        told = []
        for other in ("EDA", "real"):
            mean, low, high = gain(figures, *cell, other=other)
            told.append("" if np.isnan(low) else f"{mean:+.1f} ({low:+.1f} to {high:+.1f})")
        own = [*figures[cell].values()]
        words = " | ".join(map(str, cell))
        lines.append(f"| {words} | {len(own)} | {100 * np.mean(own):.1f} % | {' | '.join(told)} |")
    return "\n".join([*lines, "", verdict(figures)])


def gain(figures: Figures, *cell: str | int, other: str = "EDA") -> tuple[float, float, float]:
    """Compare an arm with another: mean and 95 % interval in points; NaN for itself and below two seeds."""
    from scipy.stats import t

    *where, arm = cell
    own, eda = figures.get((*where, arm), {}), figures.get((*where, other), {})
    pairs = [100 * (own[seed] - eda[seed]) for seed in own if seed in eda and arm != other]
    if len(pairs) < 2:
        return float("nan"), float("nan"), float("nan")
    mean, count = float(np.mean(pairs)), len(pairs)
    wide = float(t.ppf(0.975, count - 1) * np.std(pairs, ddof=1) / count**0.5)
    return mean, mean - wide, mean + wide


def verdict(figures: Figures) -> str:
    """Say whether a generative arm beats EDA at 10 a class on two of the sets, by the same learner."""
    better = {
        (learner, arm): [name for name in SETS if gain(figures, name, 10, learner, arm)[1] > 0]
        for learner, arm in itertools.product(LEARNERS, ARMS)
        if ARMS[arm].sources
    }
    found = [
        f"{arm}, {learner} ({', '.join(names)})"
        for (learner, arm), names in better.items()
        if names
    ]
    met = any(len(names) > 1 for names in better.values())
    told = f"{'met' if met else 'not met'}; intervals above zero: {'; '.join(found) or 'none'}"
    return f"Target, one generative arm above EDA at 10 a class on two of three sets: {told}."
