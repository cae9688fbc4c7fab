"""Samples made by a process beside the training: it may be slow, break, lie, hang or be killed, and nothing is lost."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch.utils.data import DataLoader

import lightning_synthaug as sa
from lightning_synthaug.errors import FillError, SynthAugError
from lightning_synthaug.filling import background
from lightning_synthaug.mixing import lookahead
from lightning_synthaug.store import Store
from tests.helpers.faulty import Faulty, Variant, gone, made, processes
from tests.helpers.locked import Locked
from tests.helpers.recorder import recorder, trainer
from tests.helpers.traced import Sample, planned, read, traced_dataset

SIZE, BATCH, RATIO = 48, 8, 0.5
EPOCH = SIZE // BATCH
ROOT = Path(__file__).parents[2]
ENV = os.environ | {"PYTHONPATH": str(ROOT)}


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "_BACK_OFF", 0.1)


@contextlib.contextmanager
def mixing(
    folder: Path, fault: str = "none", *, log: str = "log", options: Any = None, **generator: Any
) -> Iterator[Any]:
    """A loader with a producer, which is gone afterwards."""
    told = folder / log
    told.mkdir(exist_ok=True)
    loader = DataLoader(traced_dataset(SIZE), BATCH)
    source = Faulty(str(told), fault, **generator)
    settings = {"fill": "background", "cache": folder / "cache", "seed": 5} | (options or {})
    mixed = sa.mix(loader, source, RATIO, **settings)
    try:
        yield mixed
    finally:
        began = time.monotonic()
        mixed.feed.mixture.close()
        assert time.monotonic() - began < 5 + 1  # the time it takes to look
        assert all(map(gone, processes(told)))


def run(mixed: Any, epochs: int) -> list[list[Sample]]:
    """Train; each batch is what is planned, or a real sample with the label asked for."""
    batches, before = [], mixed.feed.totals.rows
    for _ in range(epochs):
        for batch, labels in mixed:
            samples = read(batch)
            info = sa.batch_info(mixed)
            wanted = planned(mixed.feed.plan, info.number)
            assert [s.label for s in samples] == labels.tolist() == [w.label for w in wanted]
            assert [s.source > 0 for s in samples] == info.is_synthetic.tolist()
            assert all(
                s in (w, Sample(0, w.label, s.index)) for s, w in zip(samples, wanted, strict=True)
            )
            batches.append(samples)
    totals = mixed.feed.totals
    assert totals.rows - before == len(batches) * BATCH
    assert totals.planned == totals.served + totals.starved + totals.rejected
    assert totals.misses == totals.starved + totals.rejected
    return batches


def until(mixed: Any, holds: Any) -> None:
    """Train until something holds; the time is for the most loaded of machines."""
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline:
        run(mixed, 1)
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError("never happened")


def complete(mixed: Any) -> bool:
    """Train an epoch, and tell whether each synthetic sample was there."""
    before = mixed.feed.totals.misses
    run(mixed, 1)
    return bool(mixed.feed.totals.misses == before)


def test_training_begins_at_once_and_has_everything_in_the_end(tmp_path: Path) -> None:
    with mixing(tmp_path) as mixed:
        run(mixed, 1)
        until(mixed, lambda: complete(mixed))
        # All that was made, but for what nobody has told yet.
        assert 0 <= len(made(tmp_path / "log")) - mixed.feed.totals.generated <= 8
        assert len(set(made(tmp_path / "log"))) == len(made(tmp_path / "log")) <= SIZE
        (pid,) = processes(tmp_path / "log")
        assert pid != os.getpid()


def test_the_next_run_makes_only_what_is_missing_and_has_the_rest_from_its_first_batch(
    tmp_path: Path,
) -> None:
    with mixing(tmp_path) as mixed:
        until(mixed, lambda: complete(mixed))
    first = set(made(tmp_path / "log"))
    (tmp_path / "log" / "made").unlink()
    with mixing(tmp_path, options={"seed": 6}) as mixed:
        totals = mixed.feed.totals
        batches = iter(mixed)
        next(batches)
        plan = mixed.feed.plan
        there = sum((s.label, s.index) in first for s in planned(plan, 0) if s.source)
        assert totals.served == there
        until(mixed, lambda: complete(mixed))
    second = made(tmp_path / "log")
    assert not first & set(second)
    assert len(second) == len(set(second))


def test_batches_may_wait_for_their_samples(tmp_path: Path) -> None:
    with mixing(tmp_path, seconds=0.01, options={"on_miss": "wait"}) as mixed:
        run(mixed, 2)
        assert mixed.feed.totals.misses == 0
        assert mixed.feed.totals.served == 2 * SIZE * RATIO


def test_a_slow_generator_serves_what_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each sample is asked for once: what is made for a batch that is past would never be served."""
    monkeypatch.setattr(lookahead, "_FIRST", 64)
    options = {"reuse": 1, "pool": 4000}
    with mixing(tmp_path, seconds=0.01, options=options) as mixed:
        totals = mixed.feed.totals
        while totals.generated < 40:
            step(mixed)
        served, generated = totals.served, totals.generated
        while totals.generated < generated + 120:
            step(mixed)
        assert totals.served - served > 0.5 * 120
        assert totals.misses > 2 * totals.served  # it was slow indeed


def step(mixed: Any) -> None:
    for _ in mixed:
        time.sleep(0.005)


@pytest.mark.parametrize("fault", ["error", "killed", "chatter", "nan", "away"])
def test_what_passes_is_survived(
    tmp_path: Path, fault: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with mixing(tmp_path, fault, every=3) as mixed:
        until(mixed, lambda: complete(mixed))
    said = capfd.readouterr()
    assert not said.out
    told = {
        "error": "no luck this time; it tries again",
        "killed": "ended with status -9; it is started again",
        "chatter": "written past Python",
        "nan": "",
        "away": "cannot make samples for now (the service is away); it tries again",
    }
    assert told[fault] in said.err
    assert "given up" not in said.err
    with Store.open(tmp_path / "cache") as store:
        assert store.verify() == []


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("error", "no luck this time (3 times in a row)"),
        ("lie", "the label asked for"),
        ("garbage", "asked: a list of 4"),
        ("full", "no room is left"),
    ],
)
def test_what_does_not_pass_is_given_up_loudly_and_training_goes_on(
    tmp_path: Path, fault: str, cause: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with mixing(tmp_path, fault, every=1) as mixed:
        ahead = lambda: mixed.feed._supply._ahead.lost  # noqa: E731
        until(mixed, ahead)
        assert cause in ahead()
        run(mixed, 2)
        assert mixed.feed.totals.served == 0
    said = capfd.readouterr().err
    assert said.count("is given up") == 1
    assert "Training goes on" in said


@pytest.mark.parametrize("options", [{"on_producer_failure": "error"}, {"on_miss": "wait"}])
def test_a_producer_that_must_go_on_ends_the_run_when_it_does_not(
    tmp_path: Path, options: dict[str, str]
) -> None:
    with (
        mixing(tmp_path, "lie", every=1, options=options) as mixed,
        pytest.raises(FillError, match="SA507"),
    ):
        until(mixed, lambda: False)


def test_a_hang_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(background, "_LEAST_WORD", 1.0)
    monkeypatch.setattr(background, "_TIMES_SLOWEST", 2.0)
    with mixing(tmp_path, "hang", every=4) as mixed:
        until(mixed, lambda: len(processes(tmp_path / "log")) > 1)
    assert "gave no word for" in capfd.readouterr().err


def test_a_full_cache_stops_making_and_not_training(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with mixing(tmp_path, options={"cache_bytes": 1500}) as mixed:
        until(mixed, lambda: mixed.feed._supply._ahead.lost)
        run(mixed, 1)
    assert "budget of 1,500 bytes" in capfd.readouterr().err
    with Store.open(tmp_path / "cache") as store:
        assert store.verify() == []
        assert store.stats().samples > 0


def test_two_producers_share_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookahead, "_BLOCK", 2)
    with mixing(tmp_path, options={"device": ["cpu", "cpu"]}) as mixed:
        until(mixed, lambda: complete(mixed))
    assert len(set(processes(tmp_path / "log"))) == 2
    assert len(set(made(tmp_path / "log"))) == len(made(tmp_path / "log"))


def test_two_runs_share_a_cache(tmp_path: Path) -> None:
    other = mixing(tmp_path, log="other", options={"seed": 9})
    with mixing(tmp_path, seconds=0.02) as one, other as two:
        until(one, lambda: complete(one) and complete(two))
    with Store.open(tmp_path / "cache") as store:
        assert store.verify() == []
        mine, theirs = (made(tmp_path / log) for log in ("log", "other"))
        assert store.stats().samples == len({*mine, *theirs})
    # What one has made the other finds, but for what both have in hand.
    assert len({*mine} & {*theirs}) <= 8


def all_variants(mixed: Any) -> None:
    """Train until each variant is there; each row shows its twin all the time."""
    for _ in range(400):
        before = mixed.feed.totals.misses
        for batch, _ in mixed:
            plan = mixed.feed.plan.batch(sa.batch_info(mixed).number)
            assert [s.index for s in read(batch)] == plan.twin.tolist()
        if mixed.feed.totals.misses == before:
            return
        time.sleep(0.05)
    raise AssertionError("never complete")


def test_variants_of_real_samples(tmp_path: Path) -> None:
    loader = DataLoader(traced_dataset(SIZE), BATCH)
    mixed = sa.mix(loader, Variant(), RATIO, cache=tmp_path, fill="background")
    try:
        all_variants(mixed)
    finally:
        mixed.feed.mixture.close()


@pytest.mark.parametrize(
    ("workers", "on_miss"), [(0, "real"), (2, "real"), (0, "wait"), (2, "wait")]
)
def test_variants_of_real_samples_that_the_producer_cannot_read(
    tmp_path: Path, workers: int, on_miss: Any
) -> None:
    loader = DataLoader(Locked(SIZE), BATCH, num_workers=workers)
    cache, boxes = tmp_path / "cache", set(Path(tempfile.gettempdir()).glob("synthaug-twins-*"))
    mixed = sa.mix(loader, Variant(), RATIO, cache=cache, fill="background", on_miss=on_miss)
    try:
        all_variants(mixed)
        if on_miss == "wait":
            assert mixed.feed.totals.misses == 0
        (box,) = set(Path(tempfile.gettempdir()).glob("synthaug-twins-*")) - boxes
        for _ in range(3):
            list(mixed)  # what was settled is dropped
        assert len(list(box.iterdir())) <= 2 * Variant.batch_size
    finally:
        mixed.feed.mixture.close()
    assert not box.exists()
    with Store.open(cache) as store:
        ours = {s.key for s in store.samples()}
    with_pickle = sa.mix(
        DataLoader(traced_dataset(SIZE), BATCH), Variant(), RATIO, cache=tmp_path / "other"
    )
    for _ in range(4):
        list(with_pickle)
    with_pickle.feed.mixture.close()
    with Store.open(tmp_path / "other") as store:
        theirs = {s.key for s in store.samples()}
    assert min(len(ours), len(theirs)) > SIZE // 2
    assert (
        ours <= theirs or theirs <= ours
    )  # the same samples by the same keys, as far as each run went


def test_what_cannot_be_pickled_is_refused_with_a_way_out(tmp_path: Path) -> None:
    generator = Faulty(str(tmp_path))
    generator.lock = threading.Lock()  # type: ignore[attr-defined]
    mixed = sa.mix(
        DataLoader(traced_dataset(SIZE), BATCH), generator, RATIO, cache=tmp_path, fill="background"
    )
    with pytest.raises(SynthAugError, match="SA506") as error:
        next(iter(mixed))
    assert 'fill="ahead"' in str(error.value)


def test_the_trainer_trains_and_leaves_nothing(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.mkdir()
    aug = sa.SynthAug(Faulty(str(log)), RATIO, cache=tmp_path / "cache", fill="background")
    model = recorder(validating=True)
    run_ = trainer(max_epochs=40, callbacks=[aug])
    loader = DataLoader(traced_dataset(SIZE), BATCH, num_workers=2, persistent_workers=True)
    run_.fit(model, loader, DataLoader(traced_dataset(16), BATCH))
    assert len(model.seen) == 40 * EPOCH
    assert all(map(gone, processes(log)))


def test_samples_are_made_while_the_trainer_validates(tmp_path: Path) -> None:
    """Amid validation nobody asks for batches; what is asked for beforehand is a few samples only."""
    log = tmp_path / "log"
    log.mkdir()
    model = recorder(validating=True)
    there: list[int] = []
    step = model.validation_step

    def patient(batch: Any, batch_idx: int) -> None:
        step(batch, batch_idx)
        deadline = time.monotonic() + 20
        if batch_idx == 0:
            while not made(log) and time.monotonic() < deadline:
                time.sleep(0.05)
        time.sleep(0.1)
        there.append(len(made(log)))

    model.validation_step = patient
    aug = sa.SynthAug(Faulty(str(log)), RATIO, cache=tmp_path / "cache", fill="background")
    run_ = trainer(max_epochs=2, callbacks=[aug], num_sanity_val_steps=0)
    loader = DataLoader(traced_dataset(SIZE), BATCH)
    run_.fit(model, loader, DataLoader(traced_dataset(40), 1))
    assert there[39] >= SIZE / 2  # after the first epoch; more than the eight that were under way


def test_an_error_in_training_ends_the_producer(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.mkdir()
    aug = sa.SynthAug(
        Faulty(str(log)), RATIO, cache=tmp_path / "cache", fill="background", on_miss="wait"
    )
    model = recorder(stop_at=9, error=ZeroDivisionError("the user's own"))
    with pytest.raises(ZeroDivisionError):
        trainer(max_epochs=9, callbacks=[aug]).fit(model, DataLoader(traced_dataset(SIZE), BATCH))
    assert all(map(gone, processes(log)))


SCRIPT = """
import sys
from pathlib import Path
from torch.utils.data import DataLoader
import lightning_synthaug as sa
from lightning_synthaug.generators import Generator
from tests.helpers.faulty import Faulty
from tests.helpers.traced import traced_dataset

class Own(Faulty):
    "Defined by a script that has no guard: its module cannot be imported again."
    conditioning = "class"
    def fingerprint(self):
        return "own"

folder, epochs = Path(sys.argv[1]), int(sys.argv[2])
loader = DataLoader(traced_dataset(48), 8, num_workers=2, persistent_workers=True)
mixed = sa.mix(loader, Own(str(folder / "log"), seconds=0.002), 0.5, cache=folder / "cache",
               fill="background", reuse=1, pool=10**6)
for epoch in range(epochs):
    for batch in mixed:
        pass
    sys.stdout.write(f"{mixed.feed.totals.generated}\\n")
    sys.stdout.flush()
"""


def script(folder: Path, epochs: int) -> subprocess.Popen[str]:
    (folder / "log").mkdir(exist_ok=True)
    path = folder / "train.py"
    path.write_text(SCRIPT)
    return subprocess.Popen(
        [sys.executable, str(path), str(folder), str(epochs)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=ENV,
        start_new_session=True,
    )


def test_a_script_without_a_guard_ends_and_leaves_nothing(tmp_path: Path) -> None:
    process = script(tmp_path, 300)
    out, _ = process.communicate()
    assert process.returncode == 0
    assert len(out.splitlines()) == 300
    assert all(map(gone, processes(tmp_path / "log")))
    with Store.open(tmp_path / "cache") as store:
        assert store.verify() == []


KILLS = 4


def test_killed_trainers_lose_nothing_and_leave_no_orphan(tmp_path: Path) -> None:
    seed = random.SystemRandom().getrandbits(32)
    print(f"seed {seed}")  # noqa: T201  # reproduces the moments asked for
    rng = random.Random(seed)
    known = 0
    for _ in range(KILLS):
        process = script(tmp_path, 10**6)
        assert process.stdout is not None
        heard = 0
        while heard < 8:  # until it makes samples
            heard = int(process.stdout.readline())
        time.sleep(rng.uniform(0, 0.3))
        victim = process.pid if rng.random() < 0.5 else processes(tmp_path / "log")[-1]
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
        if victim != process.pid:  # a producer: the trainer goes on, and has another one
            while len(set(processes(tmp_path / "log"))) < 2 and process.poll() is None:
                process.stdout.readline()
            process.kill()
        process.stdout.close()
        process.wait()
        deadline = time.monotonic() + 60
        while not all(map(gone, processes(tmp_path / "log"))):
            assert time.monotonic() < deadline, "an orphan"
            time.sleep(0.05)
        with contextlib.suppress(ProcessLookupError):  # nor a worker of the loader
            while True:
                os.killpg(process.pid, 0)
                assert time.monotonic() < deadline, "a worker is left"
                time.sleep(0.05)
        (tmp_path / "log" / "processes").unlink()
        with Store.open(tmp_path / "cache") as store:
            assert store.verify() == []
            count = store.stats().samples
        assert count >= known + 8 - 4
        known = count


def test_the_same_bytes_as_ahead(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    loader = DataLoader(traced_dataset(SIZE), BATCH)
    streams = []
    for fill, on_miss in ("ahead", "real"), ("background", "wait"):
        mixed = sa.mix(
            loader,
            Faulty(str(tmp_path / "log")),
            RATIO,
            cache=tmp_path / fill,
            fill=fill,
            on_miss=on_miss,
        )
        streams.append([batch[0].numpy() for _ in range(2) for batch in mixed])
        mixed.feed.mixture.close()
    assert all(np.array_equal(a, b) for a, b in zip(*streams, strict=True))


RANK = """
import json, sys, time
from pathlib import Path
import torch.distributed as dist
from torch.utils.data import DataLoader
import lightning_synthaug as sa
from tests.helpers.faulty import Faulty
from tests.helpers.traced import read, traced_dataset

folder, rank = Path(sys.argv[1]), int(sys.argv[2])
dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
mixed = sa.mix(DataLoader(traced_dataset(48), 4), Faulty(str(folder)), 0.5, cache=folder / "cache",
               fill="background")
totals = mixed.feed.totals
for epoch in range(2000):
    before, kinds = totals.misses, []
    for images, labels in mixed:
        kinds += [s.source for s in read(images)]
    missed = [None, None]
    dist.all_gather_object(missed, totals.misses - before)
    if not any(missed):
        break
    time.sleep(0.1)
told = {k: getattr(totals, k) for k in ("rows", "planned", "served", "starved", "rejected", "generated")}
(folder / f"rank{rank}.json").write_text(json.dumps(told | {"complete": not any(missed)}))
mixed.feed.mixture.close()
dist.destroy_process_group()
"""


def test_the_ranks_of_a_machine_share_one_producer(tmp_path: Path) -> None:
    path = tmp_path / "rank.py"
    path.write_text(RANK)
    command = [sys.executable, str(path), str(tmp_path)]
    ranks = [
        subprocess.Popen([*command, str(rank)], env=ENV | {"LOCAL_RANK": str(rank)})
        for rank in (0, 1)
    ]
    assert [rank.wait() for rank in ranks] == [0, 0]
    told = [json.loads((tmp_path / f"rank{rank}.json").read_text()) for rank in (0, 1)]
    assert all(t["complete"] for t in told)
    assert all(t["planned"] == t["served"] + t["starved"] + t["rejected"] for t in told)
    assert told[0]["rows"] == told[1]["rows"]
    assert len(set(processes(tmp_path))) == 1
    assert len(set(made(tmp_path))) == len(made(tmp_path)) >= told[0]["generated"] > 0
    assert told[1]["generated"] == 0
