"""Lines of the pages that studies write: the same words whichever way a result falls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lightning_synthaug.cli.demo.results import Interval, Row

__all__ = ["HEADER", "in_points", "line", "verdicts"]

HEADER = (
    "| generator | arm | seeds | synthetic | accuracy | difference, points | 95 % interval |\n"
    "|---|---|---|---|---|---|---|\n"
)
"""Head of a table."""


def line(values: dict[str, Any], name: str, row: Row, *, shown: str) -> str:
    """Write a row of a table.

    Args:
        values: What was kept of each run.
        name: The generator's name there.
        row: The row.
        shown: The generator's name in the table.
    """
    prefix = f"{name} | {row.arm} | {row.size} a class |"
    shares = [value["synthetic"] for key, value in values.items() if key.startswith(prefix)]
    d = row.difference
    compared = ["", "(baseline)"] if d is None else [f"{100 * d.mean:+.1f}", in_points(d)]
    share, accuracy = f"{sum(shares) / len(shares):.0%}", f"{row.accuracy.mean:.1%}"
    return f"| {' | '.join([shown, row.arm, str(len(shares)), share, accuracy, *compared])} |\n"


def in_points(d: Interval) -> str:
    """Write the ends of an interval."""
    return f"{100 * d.low:+.1f} to {100 * d.high:+.1f}"


def verdicts(rows: Sequence[Row], arms: Sequence[str]) -> str:
    """Say which arms are better than the baseline, which are worse, and which are neither for sure."""
    words = [
        f"{row.arm} {row.difference.verdict} ({100 * row.difference.mean:+.1f})"
        for row in rows
        if row.arm in arms and row.difference is not None
    ]
    return "; ".join(words)
