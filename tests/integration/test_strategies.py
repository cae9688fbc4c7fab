"""Processes that are spawned or forked deliver what one would; a long fill outlasts no collective."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

from tests.helpers.ranks import (
    Ranks,
    Stream,
    counted,
    environment,
    finish,
    one_process,
    start,
    stop,
)

#: Seconds that a collective may take, and that the only fill takes at least, in pauses a batch of four samples.
PATIENCE, FILL = 20, 60

#: Forked ranks meet at once, however slowly they were imported: the time-out holds for their meeting too.
RUNS: dict[str, dict[str, Any]] = {
    "slow": {"start": "fork", "epochs": 1, "pause": 10, "patience": PATIENCE},
    "spawn": {"start": "spawn"},
    "fork": {"start": "fork"},
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[Popen[str], Path]]]:
    """All started at once: the slow one sleeps while the others work."""
    base = tmp_path_factory.mktemp("strategies")
    started: dict[str, tuple[Popen[str], Path]] = {}
    try:
        for name, spec in RUNS.items():
            started[name] = (start(base / name, **spec), base / name)
        yield started
    finally:
        for process, _ in started.values():
            stop(process)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Stream:
    base = tmp_path_factory.mktemp("one")
    return one_process(base, base / "cache")


def check(ranks: Ranks, whole: Stream) -> None:
    assert ranks.union() == counted(whole)
    # Each sample is made once, by the process of the first rank.
    assert {pid for pid, _, _ in ranks.made()} == {ranks.told[0]["pid"]}
    assert max(Counter((y, n) for _, y, n in ranks.made()).values()) == 1


@pytest.mark.case(20, 21)
@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_ranks_started_by_python_deliver_together_what_one_process_would(
    runs: dict[str, tuple[Popen[str], Path]], whole: Stream, method: str
) -> None:
    ranks = finish(*runs[method])
    check(ranks, whole)
    assert ranks.told[0]["pid"] not in (runs[method][0].pid, ranks.told[1]["pid"])


def test_a_fill_may_take_longer_than_a_collective(
    runs: dict[str, tuple[Popen[str], Path]], tmp_path: Path
) -> None:
    ranks = finish(*runs["slow"])
    check(ranks, one_process(tmp_path, tmp_path / "cache", epochs=1))
    batches_made = -(-len(ranks.made()) // 4)
    assert batches_made * RUNS["slow"]["pause"] >= FILL > PATIENCE


ALONE = """
import sys
from pathlib import Path
from torch.utils.data import DataLoader
import lightning_synthaug as sa
from lightning_synthaug.mixing import Mixture
from lightning_synthaug.plan import Epoch
from tests.helpers.recorder import recorder, trainer
from tests.helpers.traced import Tracer, streams_equal, traced_dataset

model = recorder()
aug = sa.SynthAug(Tracer(), sa.Linear(0.0, 0.8, over="60%"), seed=3, cache=Path(sys.argv[1]))
run = trainer(strategy="ddp", devices=1, max_epochs=3, callbacks=[aug])
run.fit(model, DataLoader(traced_dataset(45), 8, shuffle=True))
epoch = Epoch(45, 8)
plan = Mixture(aug.recipe, traced_dataset(45)).compile(epoch, epoch.slot(18))
assert list(model.seen) == list(range(18))
assert streams_equal(model.seen, plan)
"""


@pytest.mark.case(19)
def test_ddp_with_one_device_delivers_the_plan(tmp_path: Path) -> None:
    """Lightning takes it for distributed, and would put a sampler of its own into the loader."""
    done = subprocess.run(
        [sys.executable, "-c", ALONE, str(tmp_path)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
