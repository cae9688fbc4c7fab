"""Fills killed with SIGKILL at random moments: what was stored stays, and the rest is made, once."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from lightning_synthaug.data import Record
from lightning_synthaug.filling import SourceFiller
from lightning_synthaug.generators import Rejection, Request
from lightning_synthaug.store import Store
from tests.faults import filler
from tests.faults.filler import IDENTITIES, LABELS, needs, noise

KILLS = 26
ENV = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}


def start(folder: Path, seed: int) -> subprocess.Popen[str]:
    command = [sys.executable, filler.__file__, str(folder), str(seed)]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=ENV,
        start_new_session=True,
    )


def fill(folder: Path, seed: int, kill_after: float | None) -> list[list[str]]:
    """Fill until the end, or until it is killed so many seconds after it knows what to do."""
    process = start(folder, seed)
    assert process.stdout is not None
    head = process.stdout.readline()
    timer = threading.Timer(kill_after or 0, process.kill)
    if kill_after is not None:
        timer.start()
    lines = (head + process.stdout.read()).splitlines(keepends=True)
    timer.cancel()
    process.stdout.close()
    assert process.wait() in (0, -9)
    with pytest.raises(ProcessLookupError):  # nor is anything left that it started
        os.killpg(process.pid, 0)
    return [line.split() for line in lines if line.endswith("\n")]


def stored(folder: Path, seed: int) -> dict[bytes, Record | None]:
    """Open the store and read all that the fill is to make."""
    with Store.open(folder, byte_budget=1 << 30) as store:
        assert store.verify() == []
        wanted = needs(seed)
        keys = {}
        for identity in IDENTITIES.tolist():
            for attempt in range(2):
                request = wanted.again(wanted.request(identity), attempt)
                keys[request.key("noise")] = request
        places = store.resolve(list(keys))
        found = {k: store.get(k) for k, (shard, _) in zip(keys, places, strict=True) if shard >= 0}
        assert all(found[k] == noise(keys[k]) for k in found)
        return found


def test_fills_that_are_killed_go_on_where_they_were(tmp_path: Path) -> None:
    seed = random.SystemRandom().getrandbits(32)
    print(f"seed {seed}")  # noqa: T201  # reproduces the moments asked for
    rng = random.Random(seed)
    kills = rounds = 0
    acknowledged: set[bytes] = set()
    partial = 0
    while kills < KILLS:
        last = fill(tmp_path, rounds, kill_after=rng.uniform(0.0, 0.12))
        before = acknowledged
        acknowledged = before | {
            bytes.fromhex(key) for word, key, *_ in padded(last) if word == "stored"
        }
        found = stored(tmp_path, rounds)
        assert acknowledged <= found.keys(), f"lost a sample after kill {kills}"
        assert len(found) <= len(IDENTITIES)
        partial += 0 < len(found) < len(IDENTITIES)
        if last and last[-1] == ["done"]:
            # Too late to kill it: another generation seed asks for other samples.
            acknowledged, rounds = set(), rounds + 1
            continue
        kills += 1
    assert partial, "no kill fell within a fill"
    finish(tmp_path, rounds)


def finish(folder: Path, seed: int) -> None:
    """Resume the last fill: it makes what is missing and nothing else, and ends as one without kills."""
    found = stored(folder, seed)
    lines = fill(folder, seed, kill_after=None)
    assert lines[0] == ["missing", str(len(IDENTITIES) - len(found))]
    assert lines[-1] == ["done"]
    made = [(int(label), int(number)) for word, label, number in padded(lines) if word == "made"]
    there = {(int(r["label"]), n) for r, n in numbered(folder, seed, found)}
    assert not there & set(made)
    assert there | set(made) == {(label, n) for label in LABELS for n in range(filler.EACH)}
    clean = folder / "clean"
    assert fill(clean, seed, kill_after=None)[-1] == ["done"]
    assert stored(clean, seed) == stored(folder, seed)
    assert len(stored(clean, seed)) == len(IDENTITIES)
    assert fill(folder, seed, kill_after=None) == [["missing", "0"], ["done"]]


def padded(lines: list[list[str]]) -> list[list[str]]:
    return [[*line, "", ""][:3] for line in lines]


def numbered(
    folder: Path, seed: int, found: dict[bytes, Record | None]
) -> list[tuple[Record, int]]:
    """Which samples were there, with their serial numbers."""
    with Store.open(folder) as store:
        told = {key: store.provenance(key) for key in found}
    return [(r, told[k]["number"]) for k, r in found.items() if r is not None and told[k]]  # type: ignore[index]


def test_an_interrupted_fill_keeps_what_it_made(tmp_path: Path) -> None:
    """Ctrl-C instead of a kill: the generator is unloaded and the batches before it stay."""

    class Interrupted(filler.Noise):
        calls = 0

        def generate(self, requests: Sequence[Request]) -> list[Record | Rejection]:
            self.calls += 1
            if self.calls == 3:
                raise KeyboardInterrupt
            return [noise(r) for r in requests]

    wanted = needs(0)
    wanted.generator = Interrupted()
    with Store.open(tmp_path) as store:
        source = SourceFiller("noise", wanted, store, device="cpu")
        missing = source.look_up(np.array(IDENTITIES))
        try:
            source.fill(missing)
        except KeyboardInterrupt:
            pass
        else:
            raise AssertionError("not interrupted")
        assert store.stats().samples == 8
        assert wanted.generator._device is None
        assert len(source.look_up(np.array(IDENTITIES))) == len(IDENTITIES) - 8


WAITER = """
import sys
from pathlib import Path
from lightning_synthaug.filling import Turns
turns = Turns(Path(sys.argv[1]), "gan")  # knows its parent from here on
sys.stdout.write("waiting\\n")
sys.stdout.flush()
turns.wait(lambda: 1)
"""
PARENT = "import subprocess, sys; subprocess.run([sys.executable, '-c', *sys.argv[1:]])"


def test_a_rank_that_waits_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, WAITER, str(tmp_path)]
    parent = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENV,
        start_new_session=True,
    )
    try:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "waiting\n"
        parent.kill()
        # The pipes close when the waiting process, too, is gone.
        _, errors = parent.communicate(timeout=30)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(parent.pid, signal.SIGKILL)
    assert "SA502" in errors
