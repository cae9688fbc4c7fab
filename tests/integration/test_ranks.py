"""Three ranks with and without Lightning's samplers, and ranks that share their data."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from torch.utils.data import DataLoader

import lightning_synthaug as sa
from lightning_synthaug.mixing import Recipe
from tests.helpers import rank_run
from tests.helpers.plans import plan_of
from tests.helpers.rank_run import BATCH, RAMP, RANKS, SIZE
from tests.helpers.recorder import recorder, trainer
from tests.helpers.traced import Sample, Tracer, planned, traced_dataset

Stream = dict[int, list[Sample]]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Stream]]:
    """What each rank was trained on, by the name of the run."""
    folder = tmp_path_factory.mktemp("ranks")
    env = {k: v for k, v in os.environ.items() if not k.startswith(("MASTER_", "LOCAL_RANK"))}
    root = str(Path(__file__).parents[2])
    env |= {"PYTHONPATH": os.pathsep.join([root, *sys.path]), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "ignore", rank_run.__file__, str(folder)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    # A group of its own, so that the ranks that Lightning starts are ended too.
    process: Any = subprocess.Popen(command, env=env, start_new_session=True, **pipes)  # type: ignore[call-overload]
    try:
        output, _ = process.communicate(timeout=280)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, 9)
            process.wait()
    assert process.returncode == 0, output
    ranks = [json.loads((folder / f"rank{r}.json").read_text()) for r in range(RANKS)]
    return {
        name: [
            {int(n): [*map(Sample._make, rows)] for n, rows in rank[name].items()} for rank in ranks
        ]
        for name in ranks[0]
    }


def union(streams: list[Stream]) -> dict[int, Counter[Sample]]:
    assert len({tuple(stream) for stream in streams}) == 1  # as many batches on every rank
    return {n: sum((Counter(s[n]) for s in streams), Counter()) for n in streams[0]}


@pytest.mark.case(18, 22)
@pytest.mark.parametrize("name", ["left", "injected"])
def test_three_ranks_deliver_the_plan_together(told: Any, name: str, tmp_path: Path) -> None:
    recipe = Recipe(source=Tracer(), ratio=RAMP, seed=3, cache=tmp_path)
    plan = plan_of(recipe, 8, size=SIZE, batch=BATCH)
    assert union(told[name]) == {n: Counter(planned(plan, n)) for n in range(8)}
    assert sorted(len(stream[3]) for stream in told[name]) == [3, 3, 4]


@pytest.mark.case(24)
def test_overfitting_on_three_ranks(told: Any) -> None:
    """Two batches of each rank, the same ones in each epoch."""
    together = union(told["overfit"])
    assert [sum(rows.values()) for rows in together.values()] == [BATCH] * 4
    real = {s.index for rows in together.values() for s in rows if not s.source}
    assert real <= set(range(2 * BATCH))
    assert sum(n for rows in together.values() for s, n in rows.items() if s.source) == BATCH


@pytest.mark.case(25)
def test_prediction_on_three_ranks_is_lightnings(told: Any) -> None:
    together = union(told["predict"])
    assert {s.source for rows in together.values() for s in rows} == {0}
    assert sorted(s.index for rows in together.values() for s in rows) == list(range(24))


@pytest.mark.case(23)
def test_ranks_that_share_a_model_get_the_same_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four processes in pairs: what a mesh of 2 x 2 tells, which a pair cannot tell apart."""
    streams = []
    for _, rank in (0, 0), (1, 0), (2, 1), (3, 1):
        model, aug = recorder(), sa.SynthAug(Tracer(), RAMP, seed=3, cache=tmp_path)
        run = trainer(max_epochs=2, callbacks=[aug])
        share = {"num_replicas": 2, "rank": rank}
        monkeypatch.setattr(type(run), "distributed_sampler_kwargs", property(lambda _, s=share: s))
        loader = DataLoader(traced_dataset(SIZE), BATCH // 2, shuffle=True)
        run.fit(model, loader)
        streams.append(model.seen)
    assert streams[0] == streams[1]
    assert streams[2] == streams[3]
    plan = plan_of(aug.recipe, 8, size=SIZE, batch=BATCH)
    assert union(streams[::2]) == {n: Counter(planned(plan, n)) for n in range(8)}
