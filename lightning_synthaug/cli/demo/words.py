"""What the numbers show: a table, and sentences computed from it, whichever way it falls."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import final

from lightning_synthaug.cli.demo.results import Interval, Row, Run, compare, tabulate

__all__ = ["Story", "render_table"]


@final
class Story:
    """Say in words what a table shows.

    Args:
        runs: All runs.
        baseline: Name of the arm that the others are held against.
        synthetic: Name of the arm without real digits; those that mix are held against it, too.
        mixed: Names of the arms that mix real and synthetic digits; the last one is held against the first, too.
        bound: Name of the arm with the partner's digits themselves, which is held against each that mixes.
        fitted_on: Digits that the generator was fitted on.
    """

    def __init__(
        self,
        runs: Sequence[Run],
        *,
        baseline: str,
        synthetic: str,
        mixed: Sequence[str],
        bound: str,
        fitted_on: int,
    ) -> None:
        self.runs = runs
        self.baseline = baseline
        self.synthetic = synthetic
        self.mixed = tuple(mixed)
        self.bound = bound
        self.fitted_on = fitted_on
        self.rows = tabulate(runs, baseline)

    def paragraphs(self) -> list[str]:
        """Write a paragraph a size, and one on how to read them.

        Returns:
            Paragraphs of plain sentences, wrapped for a terminal; differences are list items.
        """
        sizes = list(dict.fromkeys(row.size for row in self.rows))
        return [*(self._paragraph(size) for size in sizes), _wrap(self._reading())]

    def _paragraph(self, size: int) -> str:
        """Say what the rows of one size show."""
        rows = {row.arm: row for row in self.rows if row.size == size}
        opening = (
            f"With {size} real digits of each class, {self.baseline} answers "
            f"{rows[self.baseline].accuracy.mean:.1%} of the test digits right. Held against it,"
        )
        differences = {a: r.difference for a, r in rows.items() if r.difference is not None}
        items = [f"- {arm} {_judge(difference)}" for arm, difference in differences.items()]
        first, *later = self.mixed
        against = {self.synthetic: self.mixed, first: (*later, self.bound)}
        against |= dict.fromkeys(later, (self.bound,))
        for other, arms in against.items():
            items.append(f"Held against {other},")
            items += [f"- {arm} {_judge(compare(self.runs, size, arm, other))}" for arm in arms]
        conclusion = _conclude([differences[arm] for arm in self.mixed])
        return "\n".join([_wrap(opening), *items, _wrap(conclusion)])

    def _reading(self) -> str:
        """Say where the gain comes from, what the intervals are, and what they do not say."""
        seeds = len({run.seed for run in self.runs})
        return (
            f"The generator was fitted on {self.fitted_on} further real digits, which {self.baseline} never saw; "
            "what it brings comes from those. "
            f"Differences are in percentage points, paired over {seeds} seeds, with 95 % t intervals for "
            "one comparison each; among many comparisons a few look clear by chance. Intervals cover "
            "redrawing, training and generation; not other test digits, another pool or another generator. "
            "The draws come from one pool of about 36 a class: at 20 a class two draws overlap by about half. "
            "These are small, easy pictures and one generator: what holds for your data, only your data can tell."
        )


def render_table(rows: Sequence[Row]) -> str:
    """Align the table.

    Args:
        rows: What `tabulate` returned.

    Returns:
        Lines for a terminal.
    """
    head = ["real digits a class", "arm", "accuracy", "difference", "95 % interval", "seconds"]
    lines = [head]
    for row in rows:
        d = row.difference
        shown = ("(baseline)", "") if d is None else (_points(d.mean), _range(d))
        accuracy = f"{row.accuracy.mean:.1%}"
        lines.append([str(row.size), row.arm, accuracy, *shown, f"{row.seconds:.1f}"])
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    rendered = ["  ".join(_aligned(line, widths)).rstrip() for line in lines]
    rendered.insert(1, "-" * max(map(len, rendered)))
    first = next((i for i, row in enumerate(rows) if row.size != rows[0].size), None)
    if first is not None:
        rendered.insert(first + 2, "")
    return "\n".join(rendered)


def _judge(difference: Interval) -> str:
    """Finish a sentence about a difference."""
    low_high = f"(interval {_range(difference)})"
    if difference.verdict != "unclear":
        return f"is {difference.verdict} by {_size(difference)} points {low_high}"
    return f"makes no clear difference: {_points(difference.mean)} points {low_high}"


def _conclude(mixed: Sequence[Interval]) -> str:
    """Sum up the arms that mix."""
    verdicts = {difference.verdict for difference in mixed}
    if verdicts == {"better"}:
        return "So synthetic digits help here, on top of classical augmentation."
    if verdicts == {"worse"}:
        return "So synthetic digits do harm here, on top of classical augmentation."
    if verdicts == {"unclear"}:
        return "So it is open whether synthetic digits help here, on top of classical augmentation."
    if "worse" not in verdicts:
        return "So synthetic digits help here in one way of mixing; for the other it is open."
    if "better" not in verdicts:
        return "So synthetic digits do harm here in one way of mixing; for the other it is open."
    return "So synthetic digits help here in one way of mixing and do harm in the other."


def _wrap(text: str) -> str:
    """Break lines for a terminal."""
    return textwrap.fill(text, 100)


def _size(difference: Interval) -> str:
    """Write a difference of shares in percentage points, without its sign."""
    return f"{100 * abs(difference.mean):.1f}"


def _points(value: float) -> str:
    """Write a difference of shares in percentage points, with its sign."""
    return f"{100 * value:+.1f}"


def _range(difference: Interval) -> str:
    """Write the ends of an interval."""
    return f"{_points(difference.low)} to {_points(difference.high)}"


def _aligned(line: Sequence[str], widths: Sequence[int]) -> list[str]:
    """Put text to the left and numbers to the right."""
    return [
        cell.ljust(width) if i == 1 else cell.rjust(width)
        for i, (cell, width) in enumerate(zip(line, widths, strict=True))
    ]
