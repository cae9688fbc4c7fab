"""All runs of the demo, one after the other."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from lightning_synthaug.assets import digits_split
from lightning_synthaug.cli.demo.configuration import ARMS, Arm, Configuration
from lightning_synthaug.cli.demo.data import draw, joined
from lightning_synthaug.cli.demo.results import Run
from lightning_synthaug.cli.demo.training import ShareCourse, accuracy, quiet, train

__all__ = ["run_all"]


def run_all(
    config: Configuration, cache: Path, *, arms: Sequence[Arm] = ARMS
) -> tuple[list[Run], dict[str, ShareCourse]]:
    """Train and test every arm at every size with every seed.

    Args:
        config: Settings.
        cache: Folder for generated digits.
        arms: What to compare.

    Returns:
        The runs, and the synthetic share over the first run of each arm, by the arm's name.
    """
    split = digits_split()
    runs: list[Run] = []
    courses: dict[str, ShareCourse] = {}
    total = config.seeds * len(config.sizes) * len(arms)
    with (
        quiet(),
        tqdm(total=total, unit="run", desc="synthaug demo", file=sys.stderr) as bar,
    ):
        for seed in range(config.seeds):
            for size in config.sizes:
                real = draw(split.train_pool, size, seed)
                for arm in arms:
                    digits = joined(real, split.partner) if arm.partner else real
                    model, course, seconds = train(
                        arm, digits, config=config, seed=seed, cache=cache
                    )
                    courses.setdefault(arm.name, course)
                    runs.append(Run(size, arm.name, seed, accuracy(model, split.test), seconds))
                    bar.update()
    return runs, courses
