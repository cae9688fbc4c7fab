"""The table of the study."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np

from spoken.config import ARMS, SHOTS


def table(path: Path) -> str:
    """Write the table of all results: means, and paired differences to `classical` with 95 % intervals."""
    from scipy.stats import t

    runs = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    figures = {(r["shots"], r["arm"], r["seed"]): r["accuracy"] for r in runs}
    lines = [
        "| real per digit | arm | seeds | accuracy | minus classical (95 %) |",
        "|---|---|---|---|---|",
    ]
    for shots, arm in itertools.product(sorted(SHOTS), ARMS):
        own = {s: a for (n, name, s), a in figures.items() if (n, name) == (shots, arm)}
        if not own:
            continue
        pairs = [
            a - figures[shots, "classical", s]
            for s, a in own.items()
            if (shots, "classical", s) in figures
        ]
        told = ""
        if arm != "classical" and len(pairs) > 1:
            wide = float(t.ppf(0.975, len(pairs) - 1)) * np.std(pairs, ddof=1) / len(pairs) ** 0.5
            mean = float(np.mean(pairs))
            told = f"{100 * mean:+.1f} ({100 * (mean - wide):+.1f} to {100 * (mean + wide):+.1f})"
        lines.append(
            f"| {shots} | {arm} | {len(own)} | {100 * np.mean([*own.values()]):.1f} % | {told} |"
        )
    return "\n".join(lines)
