"""A generator that collapses amid a fit: on two ranks, and over a checkpoint."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.helpers import collapse_run
from tests.helpers.collapse_run import AFTER, BATCH, RANKS, SIZE, fitted

BATCHES = SIZE // BATCH
STOPPED = [["source", BATCHES, SIZE // 2, 0, 0.0]]


def test_two_ranks_stop_it_together(tmp_path: Path) -> None:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("MASTER_", "LOCAL_RANK"))}
    env |= {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])}
    command = [sys.executable, "-W", "ignore", collapse_run.__file__, str(tmp_path)]
    done = subprocess.run(
        command, env=env | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr.count("[SA470]") == 1  # by the rank that fills
    assert done.stderr.count("is asked for nothing") == 1
    for rank in range(RANKS):
        counts, history = json.loads((tmp_path / f"rank{rank}.json").read_text())
        assert history == STOPPED
        assert sum(counts[:BATCHES]) > AFTER // RANKS
        assert not any(counts[BATCHES:])


def test_a_fit_that_is_resumed_keeps_to_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, counts, history = fitted(tmp_path / "cache", max_epochs=2)
    assert history == STOPPED
    assert not any(counts[BATCHES:])
    saved = tmp_path / "saved.ckpt"
    run.save_checkpoint(saved)
    torch.load(saved, weights_only=True)  # plain types
    capsys.readouterr()
    _, counts, again = fitted(tmp_path / "cache", resume=saved, max_epochs=3)
    assert again == STOPPED
    assert counts == [0] * BATCHES
    assert "SA470" not in capsys.readouterr().err
    # Another generator in its place gets its whole share again.
    _, counts, again = fitted(
        tmp_path / "cache", mark="mended", resume=saved, max_epochs=3, on_mismatch="rescale"
    )
    assert again[-1] == ["source", 2 * BATCHES, SIZE, 0, 1.0]
    assert counts == [BATCH // 2] * BATCHES
