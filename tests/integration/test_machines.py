"""Machines that share a cache: each with an index of its own over shards in one folder, which the others never open."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from torch.utils.data import DataLoader

import lightning_synthaug as sa
from lightning_synthaug.store import Store
from lightning_synthaug.store.location import INDEX_VARIABLE, index_path
from tests.helpers.faulty import Faulty, made
from tests.helpers.traced import traced_dataset

MACHINE = """
import sys
from pathlib import Path
from torch.utils.data import DataLoader
import lightning_synthaug as sa
from tests.helpers.faulty import Faulty
from tests.helpers.traced import traced_dataset

folder, fill = Path(sys.argv[1]), sys.argv[2]
mixed = sa.mix(DataLoader(traced_dataset(48), 8), Faulty(str(folder)), 0.5, cache=folder / "cache",
               fill=fill, pool=24)
for line in sys.stdin:
    for batch in mixed:
        pass
    totals = mixed.feed.totals
    print(totals.generated, totals.misses, flush=True)
mixed.feed.mixture.close()
"""


def test_what_one_machine_made_and_closed_another_one_serves(tmp_path: Path) -> None:
    """Two processes with indexes of their own stand for two machines; one trains while the other one comes and goes."""
    path = tmp_path / "machine.py"
    path.write_text(MACHINE)
    root = str(Path(__file__).parents[2])
    machines = []
    for number, fill in enumerate(("ahead", "off")):
        env = os.environ | {"PYTHONPATH": root, INDEX_VARIABLE: str(tmp_path / f"index{number}")}
        machines.append(
            subprocess.Popen(
                [sys.executable, str(path), str(tmp_path), fill],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=env,
            )
        )
    one, two = machines

    def epoch(machine: subprocess.Popen[str]) -> list[int]:
        assert machine.stdin is not None
        assert machine.stdout is not None
        machine.stdin.write("go\n")
        machine.stdin.flush()
        return [int(word) for word in machine.stdout.readline().split()]

    assert epoch(one) == [24, 0]
    assert epoch(two) == [0, 24]  # a shard that is written to is not read by others
    one.communicate()  # closes its shards
    assert epoch(two) == [0, 24]  # of the same samples: all are there now
    two.communicate()
    assert [m.returncode for m in machines] == [0, 0]
    assert not (tmp_path / "cache" / "index.sqlite").exists()
    assert len(made(tmp_path)) == 24


def test_two_machines_that_fill_one_cache_make_what_the_other_has_not_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(machine: str, epochs: int) -> int:
        monkeypatch.setenv(INDEX_VARIABLE, str(tmp_path / machine))
        mixed = sa.mix(
            DataLoader(traced_dataset(48), 8), Faulty(str(tmp_path)), 0.5, cache=tmp_path / "cache"
        )
        for _ in range(epochs):
            for _ in mixed:
                pass
        assert not mixed.feed.totals.misses
        mixed.feed.mixture.close()
        return int(mixed.feed.totals.generated)

    assert train("one", 1) == 24
    assert train("two", 2) == 24  # has the first half from the other machine
    assert train("one", 2) == 0
    for machine in "one", "two", "three":
        monkeypatch.setenv(INDEX_VARIABLE, str(tmp_path / machine))
        assert index_path(tmp_path / "cache").is_relative_to(tmp_path / machine)
        with Store.open(tmp_path / "cache") as store:
            assert store.verify() == []
            assert store.stats().samples == 48
    assert len(made(tmp_path)) == 48
