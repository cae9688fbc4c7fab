"""The demo's two pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from lightning_synthaug.assets import Digits, demo_generator
from lightning_synthaug.cli.demo.results import Interval, Row, Run, paired, tabulate
from lightning_synthaug.generators import Request, request_seed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lightning_synthaug.cli.demo.training import ShareCourse
    from lightning_synthaug.data import Record

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
    path: Path, *, course: ShareCourse, arm: str, runs: Sequence[Run], baseline: str
) -> None:
    """Draw the synthetic share over time, and how each arm differs from the baseline, seed by seed.

    Args:
        path: PNG file to write.
        course: Share over the run of `arm`.
        arm: Whose share it is.
        runs: All runs; each but the baseline's is a faint dot.
        baseline: Name of the arm that the others are held against.
    """
    plt = _pyplot()
    with plt.rc_context(_STYLE):
        figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.4), width_ratios=(1, 1.35))
        _course(left, course, arm)
        _differences(right, runs, baseline)
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
    # The shipped generator turns no request down: each result is a record.
    images = [np.asarray(cast("Record", result)["image"]) for result in made]
    return Digits(np.stack(images), np.repeat(np.arange(10), count))


def _pyplot() -> Any:
    """Import matplotlib for files, whatever screen there is."""
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt

    return plt


def _course(axes: Axes, course: ShareCourse, arm: str) -> None:
    """Draw the share planned and the share served."""
    axes.plot(course.step, course.planned, color=_BLUE, linewidth=5, alpha=0.35, label="planned")
    axes.plot(course.step, course.served, color=_ORANGE, linewidth=1.5, label="served")
    axes.set(title=f"{arm}: synthetic share", xlabel="training step", ylabel="share of the batch")
    axes.set_ylim(0, 1.15 * max([*course.planned, *course.served, 0.1]))
    axes.set_xlim(left=0)
    axes.legend(frameon=False, loc="lower right")


def _differences(axes: Axes, runs: Sequence[Run], baseline: str) -> None:
    """Draw the paired difference of each arm to the baseline, above faint dots for its seeds."""
    rows = tabulate(runs, baseline)
    arms = list(dict.fromkeys(row.arm for row in rows))
    sizes = list(dict.fromkeys(row.size for row in rows))
    axes.axvline(0, color=_GREY, linewidth=1)
    for i, size in enumerate(sizes):
        for row in rows:
            if row.size == size and row.difference is not None:
                height = arms.index(row.arm) + 0.4 * (i - (len(sizes) - 1) / 2)
                each = paired(runs, size, row.arm, baseline)
                _difference(axes, row.difference, each, height, nth=i)
    axes.set(
        title=f"difference to {baseline}, paired by seed",
        xlabel="percentage points: mean, 95 % interval, seeds below\n"
        "beside the names: mean test accuracy",
    )
    axes.set_yticks(range(len(arms)), [_labelled(arm, rows) for arm in arms])
    axes.set_ylim(len(arms) - 0.4, -0.6)
    axes.grid(axis="x", color=_GREY, alpha=0.15)
    axes.tick_params(axis="y", length=0)
    handles = [
        axes.plot([], [], _MARKERS[i], color=_COLOURS[i], label=f"{size} real digits a class")[0]
        for i, size in enumerate(sizes)
    ]
    axes.legend(handles=handles, edgecolor="none", framealpha=0.9, loc="best")


def _difference(
    axes: Axes, difference: Interval, each: Sequence[float], height: float, *, nth: int
) -> None:
    """Draw one arm at one size: mean and interval, and its seeds just below, where they can be seen."""
    mean, low, _ = difference
    colour = _COLOURS[nth % len(_COLOURS)]
    axes.errorbar(
        100 * mean, height, xerr=100 * (mean - low), fmt=_MARKERS[nth % len(_MARKERS)],
        color=colour, capsize=3, markersize=5,
    )  # fmt: skip
    axes.scatter(
        [100 * value for value in each], [height + 0.15] * len(each), s=12, color=colour, alpha=0.5,
        linewidths=0,
    )  # fmt: skip


def _labelled(arm: str, rows: Sequence[Row]) -> str:
    """Name an arm, with its mean accuracy at each size below."""
    means = " / ".join(f"{row.accuracy.mean:.1%}" for row in rows if row.arm == arm)
    return f"{arm}\n{means}"
