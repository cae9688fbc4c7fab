"""Two processes deliver together what one would; one of them fills, the other one waits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from torch.utils.data import DataLoader

import lightning_synthaug as sa
from tests.helpers import ddp_run
from tests.helpers.ddp_run import BATCH, RAMP, RANKS, SIZE
from tests.helpers.recorder import recorder, saver, trainer
from tests.helpers.traced import Sample, Tracer, traced_dataset

BATCHES, STOP = 18, 8  # the stop lies within the second epoch
Stream = dict[int, list[Sample]]


class Ranks(NamedTuple):
    """What the ranks of one run wrote down."""

    folder: Path
    told: list[dict[str, Any]]

    def streams(self) -> list[Stream]:
        return [
            {int(n): [*map(Sample._make, rows)] for n, rows in t["seen"].items()} for t in self.told
        ]

    def union(self) -> dict[int, Counter[Sample]]:
        first, second = self.streams()
        assert first.keys() == second.keys()
        return {n: Counter(first[n] + second[n]) for n in first}


def one_process(folder: Path, cache: Path, resume: Path | None = None) -> Stream:
    """The same run in this process, at the same global batch; its optimizers ask for the number of steps."""
    model = recorder(stepping=True)
    aug = sa.SynthAug(Tracer(), RAMP, seed=3, cache=cache)
    loader = DataLoader(traced_dataset(SIZE), BATCH, shuffle=True)
    run = trainer(max_epochs=ddp_run.EPOCHS, callbacks=[aug, saver(folder, 4)])
    run.fit(model, loader, ckpt_path=resume)
    seen: Stream = model.seen
    return seen


def start(folder: Path, **spec: Any) -> subprocess.Popen[str]:
    folder.mkdir()
    env = {k: v for k, v in os.environ.items() if not k.startswith(("MASTER_", "LOCAL_RANK"))}
    env |= {"PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"}
    told = {"folder": str(folder), "workers": 0, "stepping": True, "resume": None} | spec
    command = [sys.executable, ddp_run.__file__, json.dumps(told)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(command, env=env, **pipes)  # type: ignore[call-overload, no-any-return]


def finish(process: subprocess.Popen[str], folder: Path) -> Ranks:
    output, _ = process.communicate(timeout=240)
    assert process.returncode == 0, output
    return Ranks(folder, [json.loads((folder / f"rank{r}.json").read_text()) for r in range(RANKS)])


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stream, Ranks, Ranks, Stream]]:
    """One process; two ranks with a cache of their own; two ranks resuming the first; one resuming the ranks."""
    base = tmp_path_factory.mktemp("ddp")
    whole = one_process(base / "one", base / "cache")
    # Both at once: most of the time is spent importing.
    fresh = start(base / "fresh", cache=str(base / "own-cache"))
    resumed = start(
        base / "resumed",
        cache=str(base / "cache"),
        resume=str(base / "one" / f"step={STOP}.ckpt"),
        workers=1,
    )
    try:
        two, two_resumed = finish(fresh, base / "fresh"), finish(resumed, base / "resumed")
        back = one_process(base / "back", base / "cache", base / "fresh" / f"step={STOP}.ckpt")
        yield whole, two, two_resumed, back
    finally:
        for process in (fresh, resumed):
            process.kill()
            process.wait()


@pytest.mark.case(18)
def test_the_union_of_two_ranks_is_what_one_process_delivers(runs: Any) -> None:
    whole, two, _, _ = runs
    assert list(whole) == list(range(BATCHES))
    assert two.union() == {n: Counter(rows) for n, rows in whole.items()}


@pytest.mark.case(22)
def test_the_ranks_share_the_synthetic_samples_evenly(runs: Any) -> None:
    _, two, _, _ = runs
    first, second = two.streams()
    for n in first:
        counts = [sum(s.source > 0 for s in rows[n]) for rows in (first, second)]
        assert abs(counts[0] - counts[1]) <= 1
        assert abs(len(first[n]) - len(second[n])) <= 1


def test_each_sample_is_made_once_and_by_one_rank(runs: Any) -> None:
    _, two, two_resumed, _ = runs
    made = [line.split() for line in (two.folder / "made.log").read_text().splitlines()]
    assert {int(pid) for pid, *_ in made} == {two.told[0]["pid"]}
    names = Counter((int(label), int(number)) for _, label, number, _ in made)
    assert set(names.values()) == {1}
    served = {(s.label, s.index) for rows in two.union().values() for s in rows if s.source}
    assert served == set(names)
    assert not (two_resumed.folder / "made.log").exists()  # one process had made them all


@pytest.mark.case(30)
def test_one_process_stopped_goes_on_in_two(runs: Any) -> None:
    whole, _, two_resumed, _ = runs
    assert two_resumed.union() == {n: Counter(rows) for n, rows in whole.items() if n >= STOP}
    assert two_resumed.told[0]["steps"] == BATCHES


@pytest.mark.case(30)
def test_two_processes_stopped_go_on_in_one(runs: Any) -> None:
    whole, _, _, back = runs
    assert back == {n: rows for n, rows in whole.items() if n >= STOP}
