"""Results of single runs in a JSON file: kept as they come, so that a study goes on where it was interrupted."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from lightning_synthaug.cli.demo.results import Row, Run, tabulate

#: What stands for the generator in runs without one, which all generators are compared with.
NONE = "none"


class Results:
    """Accuracy, synthetic share and seconds by generator, arm, real images a class, and seed."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.values = json.loads(file.read_text("utf-8")) if file.exists() else {}

    @staticmethod
    def key(generator: str, arm: str, size: int, seed: int) -> str:
        return f"{generator} | {arm} | {size} a class | seed {seed}"

    def keep(self, key: str, value: dict[str, float]) -> None:
        self.values[key] = value
        part = self.file.with_suffix(".part")  # a kill leaves the file as it was
        part.write_text(json.dumps(self.values, indent=0) + "\n", "utf-8")
        part.replace(self.file)

    def runs(self, generator: str) -> list[Run]:
        """The runs of a generator, and those without one."""
        runs = []
        for key, value in self.values.items():
            name, arm, size, seed = key.split(" | ")
            if name in (generator, NONE):
                place = int(size.split()[0]), arm, int(seed.split()[1])
                runs.append(Run(*place, value["accuracy"], value["seconds"]))
        return runs

    def table(self, generator: str, baseline: str) -> list[Row]:
        """Means over the seeds, and differences to the baseline paired by seed, with 95 % intervals.

        What was run with one seed so far has no interval, and no row.
        """
        runs = self.runs(generator)
        seeds = Counter((run.size, run.arm) for run in runs)
        return tabulate([run for run in runs if seeds[run.size, run.arm] > 1], baseline)
