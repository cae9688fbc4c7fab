"""Dropping, compacting and merging killed with SIGKILL before any of their steps, then done again."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from lightning_synthaug.store import Store, Verdict
from tests.unit.store.samples import BUDGET, image, key, named, shards, text

KILLS = 40  # of each operation
ALL = range(30)
TEXTS = range(30, 36)
GONE = range(4, 8)
#: Calls that change a file, a name or the index.
STEPS = {
    *("pwrite", "rename", "unlink", "ftruncate", "fdatasync", "fsync", "open", "close"),
    *("execute", "executemany"),
}


def build(folder: Path) -> None:
    """Small shards of images and of text, so that steps repeat seldom; some rows are forgotten."""
    shards(folder, *(range(n, n + 10) for n in range(0, 30, 10)))
    for start in (30, 33):
        with Store.open(folder, byte_budget=BUDGET) as store:
            store.put([named(n, text(n)) for n in range(start, start + 3)])
    with Store.open(folder, byte_budget=BUDGET) as store:
        store.forget([key(n) for n in GONE])
        store.put_verdicts("gate", {key(0): Verdict(True, 0.5)})


def record(number: int) -> Any:
    return text(number) if number in TEXTS else image(number)


def found(store: Store) -> set[int]:
    """Numbers of samples that are there; what is there must be right."""
    numbers = set()
    for n in (*ALL, *TEXTS):
        got = store.get(key(n))
        assert got is None or got == record(n)
        if got is not None:
            numbers.add(n)
    return numbers


def steps(act: Callable[[], object], kill_at: int | None) -> int:
    """Do something in a child that dies before its n-th step; how many steps it took if it lived."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        count = 0

        def step(_: FrameType, event: str, called: Any) -> None:
            nonlocal count
            if event == "c_call" and called.__name__ in STEPS:
                if count == kill_at:
                    os.kill(os.getpid(), signal.SIGKILL)
                count += 1

        status = 1
        try:
            sys.setprofile(step)
            act()
            sys.setprofile(None)
            os.write(write, str(count).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(write)
    _, status = os.waitpid(child, 0)
    told = os.read(read, 100)
    os.close(read)
    assert os.waitstatus_to_exitcode(status) == (0 if kill_at is None else -signal.SIGKILL)
    return int(told) if told else -1


def evict(folder: Path) -> None:
    with Store.open(folder, byte_budget=BUDGET) as store:
        store.evict(to=store.used() // 2)


def compact(folder: Path) -> None:
    with Store.open(folder, byte_budget=BUDGET) as store:
        store.compact()


def merge(folder: Path) -> None:
    with Store.open(folder, byte_budget=BUDGET) as store:
        store.merge(folder.parent / "source")


def nothing_is_left_over(folder: Path) -> None:
    """Each file belongs to a shard, a journal, the index or a lock."""
    names = {path.suffix for path in folder.iterdir()}
    assert names <= {".rows", ".log", ".notes", ".sqlite", ".sqlite-wal", ".sqlite-shm", ".lock"}
    rows = {path.stem for path in folder.glob("*.rows")}
    assert rows == {path.stem for path in folder.glob("*.log")}


def moments(folder: Path, act: Callable[[Path], None]) -> list[int]:
    """Steps before which to kill, drawn anew each time and printed."""
    trial = folder.parent / "trial"
    shutil.copytree(folder, trial)
    total = steps(lambda: act(trial), None)
    shutil.rmtree(trial)
    seed = random.SystemRandom().getrandbits(32)
    drawn = sorted(random.Random(seed).sample(range(total), min(KILLS, total)))
    print(f"seed {seed}, {total} steps, killed before {drawn}")  # noqa: T201
    return drawn


def test_a_kill_while_evicting_leaves_misses_and_nothing_else(tmp_path: Path) -> None:
    build(tmp_path / "store")
    shutil.copytree(tmp_path / "store", tmp_path / "whole")
    evict(tmp_path / "whole")
    with Store.open(tmp_path / "whole", byte_budget=BUDGET) as store:
        final = found(store)
    for moment in moments(tmp_path / "store", evict):
        folder = tmp_path / f"{moment}"
        shutil.copytree(tmp_path / "store", folder)
        with Store.open(folder, byte_budget=BUDGET) as mapped:
            before = found(mapped)
            used = mapped.used()
            steps(lambda folder=folder: evict(folder), moment)  # type: ignore[misc]
            found(mapped)  # right or missing, also in a process that had it open
        with Store.open(folder, byte_budget=BUDGET) as store:
            left = found(store)
            assert final <= left <= before
            assert store.verify() == []
            nothing_is_left_over(folder)
            store.evict(to=used // 2)
            assert found(store) == final
            store.rebuild()
            assert found(store) == final
        shutil.rmtree(folder)


def test_a_kill_while_compacting_loses_nothing_and_brings_nothing_back(tmp_path: Path) -> None:
    build(tmp_path / "store")
    expected = {*ALL, *TEXTS} - set(GONE)
    for moment in moments(tmp_path / "store", compact):
        folder = tmp_path / f"{moment}"
        shutil.copytree(tmp_path / "store", folder)
        steps(lambda folder=folder: compact(folder), moment)  # type: ignore[misc]
        with Store.open(folder, byte_budget=BUDGET) as store:
            assert found(store) == expected
            assert store.verify() == []
            store.compact()
            assert found(store) == expected
            assert store.stats().shards == 2
            ages = [one.at for one in store.samples()]
            store.rebuild()
            assert found(store) == expected
            assert sorted(one.at for one in store.samples()) == sorted(ages)
            assert store.verdicts("gate", [key(0)])
        shutil.rmtree(folder)


def test_a_merge_that_is_killed_goes_on_where_it_stood(tmp_path: Path) -> None:
    source, here = tmp_path / "source", tmp_path / "here"
    build(source)
    before = {path.name: path.read_bytes() for path in source.iterdir()}
    with Store.open(here, byte_budget=BUDGET) as store:
        store.put([named(n) for n in range(3)])
    expected = {*ALL, *TEXTS} - set(GONE)
    for moment in moments(here, merge):
        folder = tmp_path / f"{moment}"
        shutil.copytree(here, folder)
        steps(lambda folder=folder: merge(folder), moment)  # type: ignore[misc]
        with Store.open(folder, byte_budget=BUDGET) as store:
            assert set(range(3)) <= found(store) <= expected
            assert store.verify() == []
            done = store.merge(source)
            assert (done.held, done.refused) == (0, {})
            assert found(store) == expected
            assert store.verdicts("gate", [key(0)])
            nothing_is_left_over(folder)
            store.rebuild()
            assert found(store) == expected
        shutil.rmtree(folder)
    assert {path.name: path.read_bytes() for path in source.iterdir()} == before


@pytest.mark.parametrize("act", [evict, compact])
def test_a_reader_sees_right_samples_or_misses_while_shards_come_and_go(
    tmp_path: Path, act: Callable[[Path], None]
) -> None:
    folder = tmp_path / "store"
    build(folder)
    stop, wrong, rounds = threading.Event(), list[BaseException](), list[int]()

    def read() -> None:
        try:
            while not stop.is_set() or not rounds:
                with Store.open(folder, byte_budget=BUDGET) as store:
                    rounds.append(len(found(store)))
        except BaseException as error:
            wrong.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for start in range(0, 30, 5):
            act(folder)
            with Store.open(folder, byte_budget=BUDGET) as store:
                store.put([named(n) for n in range(start, start + 5) if n not in GONE])
    finally:
        stop.set()
        reader.join(timeout=60)
    assert not reader.is_alive()
    assert not wrong
    with Store.open(folder, byte_budget=BUDGET) as store:
        assert store.verify() == []
