"""Start `foreign_run` in two processes that know of each other, and read what they wrote."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.helpers import foreign_run
from tests.helpers.foreign_run import Stream

RANKS = 2


def two_ranks(folder: Path, runs: list[tuple[str, str, dict[str, Any]]]) -> dict[str, list[Stream]]:
    """What each rank was trained on, by the name of the run."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = os.environ | {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "WORLD_SIZE": str(RANKS),
        "LOCAL_WORLD_SIZE": str(RANKS),
        "ACCELERATE_USE_CPU": "true",
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path]),
    }
    processes = []
    try:
        for rank in range(RANKS):
            spec = {"rank": rank, "folder": str(folder), "runs": runs}
            command = [sys.executable, foreign_run.__file__, json.dumps(spec)]
            mine = env | {"RANK": str(rank), "LOCAL_RANK": str(rank)}
            with (folder / f"rank{rank}.log").open("w") as log:
                started = subprocess.Popen(command, env=mine, stdout=log, stderr=subprocess.STDOUT)
            processes.append(started)
        codes = [process.wait(timeout=240) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    logs = [(folder / f"rank{r}.log").read_text() for r in range(RANKS)]
    assert codes == [0] * RANKS, "\n".join(logs)
    told = [json.loads((folder / f"rank{r}.json").read_text()) for r in range(RANKS)]
    return {
        name: [{int(n): rows for n, rows in mine[name].items()} for mine in told]
        for name, *_ in runs
    }
