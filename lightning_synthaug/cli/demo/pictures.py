"""The demo's two pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lightning_synthaug.assets import Digits, demo_generator
from lightning_synthaug.cli.demo.results import Row, Run
from lightning_synthaug.data import Record
from lightning_synthaug.errors import GeneratorContractBroken
from lightning_synthaug.generators import Request, request_seed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lightning_synthaug.cli.demo.training import Course

__all__ = ["draw_demo", "draw_digits", "generated"]

# Okabe and Ito's colours, which colour-blind readers can tell apart.
_BLUE, _ORANGE, _GREY = "#0072B2", "#D55E00", "#5F6368"
_COLOURS = (_BLUE, _ORANGE, "#009E73", "#CC79A7")
_MARKERS = ("o", "s", "D", "^")
_STYLE = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "figure.constrained_layout.use": True,
}


def draw_demo(
    path: Path, *, course: Course, arm: str, rows: Sequence[Row], runs: Sequence[Run], baseline: str
) -> None:
    """Draw the synthetic share over time, and the accuracy of each arm.

    Args:
        path: PNG file to write.
        course: Share over the run of `arm`.
        arm: Whose share it is.
        rows: The table.
        runs: All runs; each is a faint dot.
        baseline: Name of the arm that the others are held against.
    """
    plt = _pyplot()
    with plt.rc_context(_STYLE):
        figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), width_ratios=(1, 1.35))
        _course(left, course, arm)
        _accuracies(right, rows, runs, baseline)
        figure.savefig(path, dpi=150)
        plt.close(figure)


def draw_digits(path: Path, *, real: Digits, made: Digits, rows: int = 4) -> None:
    """Draw real digits above generated ones, a column a class.

    Args:
        path: PNG file to write.
        real: Real digits, at least `rows` of each class.
        made: Generated digits, at least `rows` of each class.
        rows: Digits of each class and kind.
    """
    plt = _pyplot()
    with plt.rc_context(_STYLE):
        figure = plt.figure(figsize=(7, 0.7 * 2 * rows + 0.5))
        for part, title, digits in zip(
            figure.subfigures(2, 1), ("real", "generated"), (real, made), strict=True
        ):
            part.suptitle(title, x=0.01, ha="left", fontsize=11)
            for label, column in enumerate(part.subplots(rows, 10).T):
                images = digits.images[digits.labels == label]
                for axes, image in zip(column, images, strict=False):
                    axes.imshow(image, cmap="gray_r", vmin=0, vmax=255)
                    axes.set_axis_off()
        figure.savefig(path, dpi=130)
        plt.close(figure)


def generated(count: int, seed: int) -> Digits:
    """Make some digits as the runs of one seed get them.

    Args:
        count: Digits of each class, >= 1.
        seed: Generation seed.

    Returns:
        `10 * count` digits, ordered by class.
    """
    generator = demo_generator()
    requests = [
        Request(label=label, number=n, seed=request_seed(seed, label=label, number=n))
        for label in range(10)
        for n in range(count)
    ]
    generator.load("cpu")
    try:
        made = generator.generate(requests)
    finally:
        generator.unload()
    images = [np.asarray(_record(result)["image"]) for result in made]
    return Digits(np.stack(images), np.repeat(np.arange(10), count))


def _record(result: Any) -> Record:
    """Refuse what is no sample: the shipped generator never turns a request down."""
    if not isinstance(result, Record):
        raise GeneratorContractBroken(
            "SA440",
            f"The demo's generator must make every digit, got {result!r}. Install the package anew.",
        )
    return result


def _pyplot() -> Any:
    """Import matplotlib for files, whatever screen there is."""
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt

    return plt


def _course(axes: Axes, course: Course, arm: str) -> None:
    """Draw the share planned and the share served."""
    axes.plot(course.step, course.planned, color=_BLUE, linewidth=5, alpha=0.35, label="planned")
    axes.plot(course.step, course.served, color=_ORANGE, linewidth=1.5, label="served")
    axes.set(title=f"{arm}: synthetic share", xlabel="training step", ylabel="share of the batch")
    axes.set_ylim(0, 1.15 * max([*course.planned, *course.served, 0.1]))
    axes.set_xlim(left=0)
    axes.legend(frameon=False, loc="lower right")


def _accuracies(axes: Axes, rows: Sequence[Row], runs: Sequence[Run], baseline: str) -> None:
    """Draw a dot with its interval for each arm, beside faint dots for its runs."""
    arms = list(dict.fromkeys(row.arm for row in rows))
    sizes = list(dict.fromkeys(row.size for row in rows))
    for i, size in enumerate(sizes):
        mine = {row.arm: row for row in rows if row.size == size}
        heights = [arms.index(arm) + 0.3 * (i - (len(sizes) - 1) / 2) for arm in mine]
        means = [row.accuracy.mean for row in mine.values()]
        low = [row.accuracy.mean - row.accuracy.low for row in mine.values()]
        each = [(run.accuracy, heights[arms.index(run.arm)]) for run in runs if run.size == size]
        colour = _COLOURS[i % len(_COLOURS)]
        axes.scatter(
            [x for x, _ in each], [y for _, y in each], s=10, color=colour, alpha=0.3, linewidths=0
        )
        axes.errorbar(
            means, heights, xerr=low, fmt=_MARKERS[i % len(_MARKERS)], color=colour, capsize=3,
            markersize=5, label=f"{size} real digits a class",
        )  # fmt: skip
        axes.axvline(mine[baseline].accuracy.mean, color=colour, linewidth=0.8, linestyle=":")
    axes.set(title="test accuracy, mean and 95 % interval", yticks=range(len(arms)))
    axes.set_yticklabels(arms)
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter("{x:.0%}")
    axes.grid(axis="x", color=_GREY, alpha=0.15)
    axes.tick_params(axis="y", length=0)
    axes.legend(edgecolor="none", framealpha=0.9, loc="best")
