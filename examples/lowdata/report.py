"""The table of the study."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np

from lowdata.config import ARMS, LEARNERS, SETS, SIZES


def table(path: Path) -> str:
    """Write the table of all results: means, and paired differences to EDA with 95 % intervals."""
    runs = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    figures = {
        (r["set"], r["size"], r["learner"], r["arm"], r["seed"]): r["accuracy"] for r in runs
    }
    lines = [
        "| set | real a class | learner | arm | seeds | accuracy | minus EDA (95 %) |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, size, learner, arm in itertools.product(SETS, SIZES, LEARNERS, ARMS):
        cell = (name, size, learner)
        own = {key[4]: value for key, value in figures.items() if key[:4] == (*cell, arm)}
        if not own:
            continue
        eda = {key[4]: value for key, value in figures.items() if key[:4] == (*cell, "EDA")}
        pairs = [own[seed] - eda[seed] for seed in own if seed in eda]
        told = "" if arm == "EDA" else interval(pairs)
        mean = 100 * float(np.mean([*own.values()]))
        lines.append(
            f"| {' | '.join(map(str, cell))} | {arm} | {len(own)} | {mean:.1f} % | {told} |"
        )
    return "\n".join(lines)


def interval(pairs: list[float]) -> str:
    """Write the mean of differences with its 95 % interval, in points."""
    from scipy.stats import t

    if len(pairs) < 2:
        return ""
    wide = 100 * float(t.ppf(0.975, len(pairs) - 1)) * np.std(pairs, ddof=1) / len(pairs) ** 0.5
    mean = 100 * float(np.mean(pairs))
    return f"{mean:+.1f} ({mean - wide:+.1f} to {mean + wide:+.1f})"
