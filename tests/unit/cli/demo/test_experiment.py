from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from lightning_synthaug.cli.demo.configuration import ARMS, Configuration
from lightning_synthaug.cli.demo.experiment import run_all


def test_every_arm_meets_every_seed_and_a_second_go_agrees(tmp_path: Path) -> None:
    config = replace(Configuration().quick(), sizes=(2, 3), steps=4)
    arms = [ARMS[0], ARMS[4], ARMS[5]]
    runs, courses = run_all(config, tmp_path / "cache", arms=arms)
    assert [(run.seed, run.size, run.arm) for run in runs] == [
        (seed, size, arm.name) for seed in (0, 1) for size in (2, 3) for arm in arms
    ]
    assert set(courses) == {arm.name for arm in arms}
    assert all(0 <= run.accuracy <= 1 for run in runs)
    # From an empty cache or from a full one: the same numbers.
    again, _ = run_all(config, tmp_path / "cache", arms=arms)
    assert [run.accuracy for run in again] == [run.accuracy for run in runs]
