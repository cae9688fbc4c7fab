"""Runs in two processes, and the same run in one to hold them against."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from torch.utils.data import DataLoader

import lightning_synthaug as sa
from tests.helpers import ddp_run
from tests.helpers.ddp_run import BATCH, BATCHES, EPOCHS, RAMP, RANKS, SIZE
from tests.helpers.recorder import of_the_run, recorder, saver, trainer
from tests.helpers.traced import Sample, Tracer, traced_dataset

Stream = dict[int, list[Sample]]


class Ranks(NamedTuple):
    """What the ranks of one run wrote down."""

    folder: Path
    told: list[dict[str, Any]]

    def streams(self) -> list[Stream]:
        seen = [
            {int(n): [*map(Sample._make, rows)] for n, rows in t["seen"].items()} for t in self.told
        ]
        return [of_the_run(stream, BATCHES) for stream in seen]

    def union(self) -> dict[int, Counter[Sample]]:
        first, second = self.streams()
        assert first.keys() == second.keys()
        return {n: Counter(first[n] + second[n]) for n in first}

    def made(self) -> list[tuple[int, int, int]]:
        """Process, label and number of each sample made."""
        lines = (self.folder / "made.log").read_text().splitlines()
        return [(int(p), int(y), int(n)) for p, y, n, _ in map(str.split, lines)]


def counted(stream: Stream) -> dict[int, Counter[Sample]]:
    """A stream of one process, to be compared with a union of ranks."""
    return {n: Counter(rows) for n, rows in stream.items()}


def one_process(
    folder: Path, cache: Path, resume: Path | None = None, *, epochs: int = EPOCHS
) -> Stream:
    """The same run in this process, at the same global batch; its optimizers ask for the number of steps."""
    model = recorder(stepping=True)
    aug = sa.SynthAug(Tracer(), RAMP, seed=3, cache=cache, ledger=folder / "ledger")
    loader = DataLoader(traced_dataset(SIZE), BATCH, shuffle=True)
    run = trainer(max_epochs=epochs, callbacks=[aug, saver(folder, ddp_run.EVERY)])
    run.fit(model, loader, ckpt_path=resume)
    return of_the_run(model.seen, BATCHES)


def environment() -> dict[str, str]:
    """Variables of a process that shall be the first rank of a run of its own."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("MASTER_", "LOCAL_RANK"))}
    return env | {"PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"}


def start(folder: Path, **spec: Any) -> subprocess.Popen[str]:
    """Start a run; it and all that it starts are one group."""
    folder.mkdir()
    command = [sys.executable, ddp_run.__file__, json.dumps({"folder": str(folder)} | spec)]
    # To a file: what a stopped run's ranks still hold open must not keep anyone waiting.
    with (folder / "output").open("w") as output:
        return subprocess.Popen(
            command,
            env=environment(),
            stdout=output,
            stderr=output,
            text=True,
            start_new_session=True,
        )


def finish(process: subprocess.Popen[str], folder: Path) -> Ranks:
    """Wait for a run, a bounded time."""
    assert process.wait(timeout=240) == 0, (folder / "output").read_text()
    return Ranks(folder, [json.loads((folder / f"rank{r}.json").read_text()) for r in range(RANKS)])


def stop(process: subprocess.Popen[str]) -> None:
    """End a run and all its processes, whatever they do."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=20)
