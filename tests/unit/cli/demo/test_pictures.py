from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lightning_synthaug.assets import digits_split
from lightning_synthaug.cli.demo.pictures import (
    _differences,
    draw_demo,
    draw_digits,
    generated,
)
from lightning_synthaug.cli.demo.results import Run
from lightning_synthaug.cli.demo.training import ShareCourse


def picture(path: Path) -> np.ndarray:
    plt = pytest.importorskip("matplotlib.pyplot")
    image: np.ndarray = plt.imread(path)
    return image


def test_the_demo_picture_holds_both_panels(tmp_path: Path) -> None:
    runs = [
        Run(size, arm, seed, 0.8 + 0.01 * seed + 0.05 * (arm == "b"), 1.0)
        for size in (5, 20)
        for arm in ("a", "b")
        for seed in range(3)
    ]
    path = tmp_path / "demo.png"
    course = ShareCourse([5, 10, 15], [0.1, 0.3, 0.5], [0.1, 0.2, 0.5])
    draw_demo(path, course=course, arm="b", runs=runs, baseline="a")
    image = picture(path)
    assert image.shape[:2] == (660, 1500)
    middle = image.shape[1] // 2
    for half in (image[:, :middle, :3], image[:, middle:, :3]):
        assert len(np.unique(half.reshape(-1, 3), axis=0)) > 10


def test_the_right_panel_shows_paired_differences_and_each_seed_apart_from_its_mean() -> None:
    plt = pytest.importorskip("matplotlib.pyplot")
    runs = [Run(5, "a", seed, 0.5 + 0.1 * seed, 1.0) for seed in range(3)]
    runs += [Run(5, "b", seed, 0.52 + 0.1 * seed, 1.0) for seed in range(3)]
    figure, axes = plt.subplots()
    try:
        _differences(axes, runs, "a")
        dots = np.concatenate([np.asarray(c.get_offsets()) for c in axes.collections[1:]])
        # Accuracies differ by 20 points from seed to seed, the arms by two.
        assert dots[:, 0].tolist() == pytest.approx([2, 2, 2])
        (mean,) = (
            line for line in axes.lines if line.get_marker() == "o" and len(line.get_xdata())
        )
        assert mean.get_xdata()[0] == pytest.approx(2)
        assert abs(dots[0, 1] - mean.get_ydata()[0]) > 0.1
        assert [label.get_text() for label in axes.get_yticklabels()] == ["a\n60.0%", "b\n62.0%"]
    finally:
        plt.close(figure)


def test_a_run_that_logged_nothing_can_be_drawn(tmp_path: Path) -> None:
    runs = [Run(5, "a", seed, 0.5, 1.0) for seed in range(2)]
    draw_demo(
        tmp_path / "demo.png",
        course=ShareCourse([], [], []),
        arm="a",
        runs=runs,
        baseline="a",
    )
    assert (tmp_path / "demo.png").is_file()


def test_the_grid_shows_real_above_generated(tmp_path: Path) -> None:
    made = generated(2, seed=0)
    draw_digits(tmp_path / "digits.png", real=digits_split().train_pool, made=made, rows=2)
    image = picture(tmp_path / "digits.png")
    top, bottom = np.array_split(image[..., 0], 2)
    assert top.min() < 0.2
    assert bottom.min() < 0.2


def test_generated_digits_hang_on_the_seed() -> None:
    first, again, other = generated(2, seed=0), generated(2, seed=0), generated(2, seed=1)
    assert first.labels.tolist() == [label for label in range(10) for _ in range(2)]
    assert first.images.shape == (20, 8, 8)
    assert first.images.dtype == np.uint8
    assert (first.images == again.images).all()
    assert (first.images != other.images).any()
