"""A run makes no more than its budget: the first epoch is covered or refused, later ones get what is left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from torch.utils.data import DataLoader

import lightning_synthaug as sa
from lightning_synthaug.errors import FillError
from tests.helpers.faulty import Faulty, made
from tests.helpers.traced import traced_dataset


def mixed(folder: Path, budget: dict[str, float], **options: Any) -> Any:
    """24 samples an epoch, 48 in all; each costs a quarter."""
    generator = Faulty(str(folder), seconds=options.pop("seconds", 0.0))
    generator.price = 0.25
    return sa.mix(
        DataLoader(traced_dataset(48), 8),
        generator,
        0.5,
        cache=folder / "cache",
        budget=budget,
        **options,
    )


def epochs(loader: Any, count: int) -> None:
    for _ in range(count):
        for _ in loader:
            pass
    loader.feed.mixture.close()


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        ({"samples": 20}, "20 samples for 24"),
        ({"money": 5}, "a cost of 5.00 for 6.00"),
        ({"hours": 0.0001}, "hours for"),
    ],
)
@pytest.mark.parametrize("fill", ["ahead", "background"])
def test_less_than_an_epoch_needs_is_refused(
    tmp_path: Path, budget: dict[str, float], said: str, fill: str
) -> None:
    if "hours" in budget and fill == "background":
        return  # nobody waits for it, and what time it leaves is used
    with pytest.raises(FillError, match=rf"{said}.*SA509"):
        epochs(mixed(tmp_path, budget, fill=fill, seconds=0.05), 1)
    assert len(made(tmp_path)) <= 4  # a batch tells how long it takes


@pytest.mark.parametrize("budget", [{"samples": 30}, {"money": 7.5}])
def test_later_epochs_get_what_is_left(
    tmp_path: Path, budget: dict[str, float], capsys: pytest.CaptureFixture[str]
) -> None:
    loader = mixed(tmp_path, budget)
    epochs(loader, 4)
    totals = loader.feed.totals
    assert totals.generated == len(made(tmp_path)) == 30
    assert (
        totals.misses == totals.starved == 2 * 18
    )  # the second epoch's, and the fourth's: the same samples
    assert capsys.readouterr().err.count("the budget is spent") == 1


def test_a_producer_stops_where_the_budget_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    loader = mixed(tmp_path, {"samples": 30}, fill="background")
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline:
        for _ in loader:
            pass
        if not loader.feed._supply._ahead.producers:
            break
    else:
        raise AssertionError("never spent")
    assert len(made(tmp_path)) == loader.feed.totals.generated == 30
    assert capsys.readouterr().err.count("the budget is spent") == 1
    epochs(loader, 1)


def test_batches_that_wait_end_with_the_budget(tmp_path: Path) -> None:
    loader = mixed(tmp_path, {"samples": 30}, fill="background", on_miss="wait")
    with pytest.raises(FillError, match=r"the budget is spent.*SA507"):
        epochs(loader, 4)
    loader.feed.mixture.close()
    assert len(made(tmp_path)) == 30


def test_nothing_is_waited_for_when_the_budget_is_spent(tmp_path: Path) -> None:
    loader = mixed(tmp_path, {"samples": 30}, on_miss="wait")
    with pytest.raises(FillError, match=r"\(the budget is spent\).*SA524"):
        epochs(loader, 4)
    loader.feed.mixture.close()
    assert len(made(tmp_path)) == 30


RANK = """
import json, sys
from pathlib import Path
import torch.distributed as dist
from tests.integration.test_budget import epochs, mixed

folder, rank = Path(sys.argv[1]), int(sys.argv[2])
dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
loader = mixed(folder, {"samples": 30})
epochs(loader, 3)
totals = loader.feed.totals
(folder / f"rank{rank}.json").write_text(json.dumps([totals.generated, totals.planned, totals.misses]))
dist.destroy_process_group()
"""


def test_ranks_that_wait_are_told_of_the_end(tmp_path: Path) -> None:
    path = tmp_path / "rank.py"
    path.write_text(RANK)
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, str(path), str(tmp_path)]
    ranks = [
        subprocess.Popen([*command, str(rank)], env=env | {"LOCAL_RANK": str(rank)})
        for rank in (0, 1)
    ]
    assert [rank.wait() for rank in ranks] == [0, 0]
    told = [json.loads((tmp_path / f"rank{rank}.json").read_text()) for rank in (0, 1)]
    assert len(made(tmp_path)) == told[0][0] == 30
    assert told[1][0] == 0
    assert told[0][1] + told[1][1] == 3 * 24
    # The rest of the second epoch, and what the third one asks for of it.
    assert 18 <= told[0][2] + told[1][2] < 2 * 24
