"""Writers killed with SIGKILL at random moments: what was acknowledged is there, and right."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from lightning_synthaug.store import Store
from tests.faults import store_writer
from tests.faults.store_writer import BATCH, key, record

ROUNDS = 16
WRITERS = [1, 2, 4, 7]  # writers at once, in turn
BUDGET = 1 << 30


def start(folder: Path, writer: int, seed: int) -> subprocess.Popen[str]:
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, store_writer.__file__, str(folder), str(writer), str(seed)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=env, start_new_session=True
    )


def kill_at_random(folder: Path, first: int, count: int, rng: random.Random) -> dict[int, int]:
    """Run writers, kill each at a moment of its own; batches acknowledged by each."""
    delays = [rng.uniform(0.0, 0.15) for _ in range(count)]
    awaited = [i < 6 for i in range(count)]  # the seventh dies while it starts
    running = [start(folder, first + i, rng.getrandbits(32)) for i in range(count)]
    acknowledged = {}

    def watch(i: int) -> None:
        process = running[i]
        assert process.stdout is not None
        head = process.stdout.readline() if awaited[i] else ""
        time.sleep(delays[i])
        process.kill()
        lines = (head + process.stdout.read()).splitlines(keepends=True)
        process.stdout.close()
        assert process.wait() == -9
        with pytest.raises(ProcessLookupError):  # nothing that it started is left
            os.killpg(process.pid, 0)
        whole = [int(line) for line in lines if line.endswith("\n")]
        assert whole == list(range(len(whole)))
        acknowledged[first + i] = len(whole)

    threads = [threading.Thread(target=watch, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(acknowledged) == count
    return acknowledged


def check(store: Store, acknowledged: dict[int, int]) -> None:
    """Each acknowledged sample is found, verified and equal to what was put."""
    for writer, batches in acknowledged.items():
        numbers = range(batches * BATCH)
        places = store.resolve([key(writer, n) for n in numbers])
        assert (places >= 0).all(), f"writer {writer} lost an acknowledged sample"
        got = store.reader.gather(places[:, 0], places[:, 1])
        assert got.ok.all()
        assert list(got.records or ()) == [record(writer, n) for n in numbers]
        if numbers:
            assert store.provenance(key(writer, numbers[-1])) == {
                "writer": writer,
                "number": numbers[-1],
            }


def everything(store: Store) -> dict[bytes, tuple[int, int]]:
    rows = store._session().index.execute("SELECT key, shard, row FROM samples")
    return {key: (shard, row) for key, shard, row in rows}


def test_nothing_acknowledged_is_lost_and_nothing_torn_is_shown(tmp_path: Path) -> None:
    seed = random.SystemRandom().getrandbits(32)
    print(f"seed {seed}")  # noqa: T201  # reproduces the moments asked for
    rng = random.Random(seed)
    acknowledged: dict[int, int] = {}
    for turn in range(ROUNDS):
        found = kill_at_random(tmp_path, 100 * turn, WRITERS[turn % len(WRITERS)], rng)
        acknowledged |= found
        with Store.open(tmp_path, byte_budget=BUDGET) as store:
            check(store, found)
    assert sum(batches > 0 for batches in acknowledged.values()) >= 50, "killed while putting"
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        assert store.verify() == []
        check(store, acknowledged)
        before = everything(store)
        store.rebuild()
        assert everything(store) == before
        check(store, acknowledged)
        assert store.put(store_writer.samples(10**6, 0)) == BATCH
    for path in tmp_path.glob("index*"):
        path.unlink()
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        assert {k: v for k, v in everything(store).items() if k in before} == before
        assert store.verify() == []


@pytest.mark.parametrize("writers", [2])
def test_writers_of_the_same_keys_at_once_agree(tmp_path: Path, writers: int) -> None:
    """Both put the same samples; each key ends at one place, and every place is right."""
    running = [start(tmp_path, 5, seed) for seed in range(writers)]
    for process in running:
        assert process.stdout is not None
        while int(process.stdout.readline()) < 5:
            pass
    for process in running:
        process.kill()
        process.communicate()
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        check(store, {5: 5})
        assert store.verify() == []
        assert len(list(tmp_path.glob("*.log"))) >= writers


def test_a_process_that_is_interrupted_and_goes_on_keeps_every_key_right(tmp_path: Path) -> None:
    """Ctrl-C at random moments, again and again, while other processes open the store."""
    seed = random.SystemRandom().getrandbits(32)
    print(f"seed {seed}")  # noqa: T201  # reproduces the moments asked for
    rng = random.Random(seed)
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, store_writer.__file__, str(tmp_path), "3", "0", "stubborn"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env)
    lines: list[str] = []
    try:
        assert process.stdout is not None
        lines.append(process.stdout.readline())
        reader = threading.Thread(target=lambda: lines.extend(process.stdout or []))
        reader.start()
        for _ in range(40):
            time.sleep(rng.uniform(0.002, 0.02))
            process.send_signal(signal.SIGINT)
            Store.open(tmp_path, byte_budget=BUDGET).close()
        process.kill()
        reader.join(timeout=30)
    finally:
        process.kill()
        process.wait(timeout=30)
        if process.stdout is not None:
            process.stdout.close()
    acknowledged = [int(line) for line in lines if line.strip().isdecimal() and line.endswith("\n")]
    assert "interrupted\n" in lines
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        for batch in range(max(acknowledged) + 2):
            for sample in store_writer.samples(3, batch):
                found = store.get(sample.key)
                assert found == sample.record or (found is None and batch not in acknowledged)
        assert store.verify() == []


def test_a_store_carried_across_a_fork_damages_nothing(tmp_path: Path) -> None:
    """Parent, child and a third process write in turn; SQLite's locks are lost when a fork carries them."""
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    code = "from tests.faults import store_writer; import sys; store_writer.forked(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], env=env, timeout=120, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()
    connection = sqlite3.connect(tmp_path / "index.sqlite")
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        check(store, {1: 1, 2: 31, 3: 31})
        assert store.verify() == []
