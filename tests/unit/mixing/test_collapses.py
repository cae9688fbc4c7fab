"""A generator that turns to one sample after 200: it is told of, stopped or lowered, and that goes into the history."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import BatchSampler, DataLoader, RandomSampler

import lightning_synthaug as sa
from lightning_synthaug.mixing import (
    CountedProgress,
    Course,
    Feed,
    Mixture,
    Recipe,
    StreamCourse,
    StreamFeed,
)
from lightning_synthaug.plan import Epoch, SourceChange
from tests.helpers.collapsing import CLASSES, Turning, real_dataset

SIZE, BATCH, TURN = 800, 40, 200
DATA = real_dataset(SIZE)
HALF_EPOCH = SIZE // 2


def mixed(cache: Path, source: Any = None, *, loader: Any = None, **options: Any) -> Any:
    loader = loader or DataLoader(DATA, BATCH, shuffle=True)
    source = Turning(TURN) if source is None else source
    return sa.mix(
        loader,
        source,
        0.5,
        cache=cache,
        **({"reuse": 1, "seed": 3, "on_collapse": "warn"} | options),
    )


def read(loader: Any, passes: int = 1) -> list[tuple[int, int]]:
    """Read passes; planned and served of each."""
    told = []
    for _ in range(passes):
        before = loader.feed.totals.planned, loader.feed.totals.served
        for _ in loader:
            pass
        after = loader.feed.totals.planned, loader.feed.totals.served
        told.append((after[0] - before[0], after[1] - before[1]))
    return told


def made_until_told(err: str) -> int:
    """How many samples were made when the collapse was told of, which is once."""
    (told,) = re.findall(r"([\d,]+) made so far\).*\[SA470\]", err)
    return int(told.replace(",", ""))


def test_ahead_it_is_told_within_a_hundred_samples(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    loader = mixed(tmp_path)
    assert read(loader, 2) == [(HALF_EPOCH, HALF_EPOCH)] * 2  # a warning changes nothing
    assert TURN < made_until_told(capsys.readouterr().err) <= TURN + 100
    assert loader.feed.plan.history == ()
    loader.feed.mixture.close()


def test_in_the_background_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    loader = mixed(tmp_path, fill="background", on_miss="wait")
    assert read(loader) == [(HALF_EPOCH, HALF_EPOCH)]
    assert TURN < made_until_told(capsys.readouterr().err) <= TURN + 100
    loader.feed.mixture.close()


def test_nothing_is_told_of_a_healthy_one_or_where_nobody_looks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    healthy = mixed(tmp_path / "one", Turning(10**9), on_collapse="stop")
    assert read(healthy, 3) == [(HALF_EPOCH, HALF_EPOCH)] * 3
    off = mixed(tmp_path / "two", on_collapse="off")
    assert read(off) == [(HALF_EPOCH, HALF_EPOCH)]
    assert "SA470" not in capsys.readouterr().err
    for loader in (healthy, off):
        loader.feed.mixture.close()


def test_stopped_it_makes_nothing_more_and_is_asked_for_nothing_from_the_next_pass_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    loader = mixed(tmp_path, on_collapse="stop")
    (first,) = read(loader)
    totals = loader.feed.totals
    assert first[1] == totals.generated < TURN + 200
    assert totals.misses == HALF_EPOCH - totals.generated
    assert read(loader, 2) == [(HALF_EPOCH, 0)] * 2
    assert totals.generated == first[1]
    assert totals.unmakeable == 2 * HALF_EPOCH
    assert loader.feed.plan.history == (SourceChange(20, HALF_EPOCH, 0, 0.0),)
    err = capsys.readouterr().err
    assert "from batch 20 on 'synthetic' is asked for nothing" in err
    assert "cannot make the labels" not in err
    loader.feed.mixture.close()


def test_stopped_in_the_background_the_producer_is_asked_for_nothing_more(tmp_path: Path) -> None:
    loader = mixed(tmp_path, fill="background", on_collapse="stop")
    batches = iter(loader)
    next(batches)
    feed = loader.feed
    (source,) = feed.mixture.generated
    ahead = feed._supply._ahead
    until = time.monotonic() + 60
    while source.needs.watching.collapse is None and time.monotonic() < until:
        feed.listen()
        time.sleep(0.02)
    assert source.needs.watching.halted
    assert not any(producer.under_way for producer in ahead.producers)
    for _ in batches:
        pass
    assert not any(producer.under_way for producer in ahead.producers)
    served = read(loader)
    assert served == [(HALF_EPOCH, 0)]
    assert [e.share for e in feed.plan.history] == [0.0]
    feed.mixture.close()


def test_lowered_it_gives_half_from_the_next_pass_on(tmp_path: Path) -> None:
    loader = mixed(tmp_path, on_collapse="lower")
    half = (HALF_EPOCH, HALF_EPOCH // 2)
    assert read(loader, 3) == [(HALF_EPOCH, HALF_EPOCH), half, half]
    assert len(loader.feed.plan.history) == 1  # it is still collapsed, and lowered once
    assert loader.feed.totals.misses == 0
    loader.feed.mixture.close()


def test_of_several_sources_the_others_go_on(tmp_path: Path) -> None:
    sources = {"good": Turning(10**9, mark="good"), "bad": Turning(TURN, mark="bad")}
    loader = mixed(
        tmp_path, sources, weights={"good": 1, "bad": 3}, on_collapse="stop", on_miss="real"
    )
    read(loader)
    assert read(loader, 2) == [(HALF_EPOCH, HALF_EPOCH // 4)] * 2
    assert [event.source for event in loader.feed.plan.history] == [1]
    served = loader.feed.served()
    assert set(served.served.tolist()) == {0, 1}
    loader.feed.mixture.close()


def test_a_checkpoint_carries_it(tmp_path: Path) -> None:
    loader = mixed(tmp_path, on_collapse="stop")
    read(loader, 2)
    state = json.loads(json.dumps(loader.state_dict()))
    loader.feed.mixture.close()
    again = mixed(tmp_path, on_collapse="stop")
    again.load_state_dict(state)
    assert read(again) == [(HALF_EPOCH, 0)]
    assert again.feed.plan.history == loader.feed.plan.history
    again.feed.mixture.close()


def test_a_run_that_goes_back_before_it_knows_nothing_of_it(tmp_path: Path) -> None:
    loader = mixed(tmp_path, on_collapse="lower")
    read(loader, 1)
    early = loader.state_dict()
    read(loader, 1)
    loader.feed.mixture.close()
    again = mixed(tmp_path, on_collapse="lower")
    again.load_state_dict(early)
    assert read(again)[0][0] == HALF_EPOCH
    assert again.feed.plan.history == ()
    again.feed.mixture.close()


def test_batches_of_a_users_sampler_are_left_to_it_and_a_checkpoint_carries_that(
    tmp_path: Path,
) -> None:
    def loader() -> DataLoader[Any]:
        return DataLoader(DATA, batch_sampler=BatchSampler(RandomSampler(DATA), BATCH, False))

    one = mixed(tmp_path, loader=loader(), on_collapse="stop")
    read(one)
    assert read(one) == [(HALF_EPOCH, 0)]
    state = json.loads(json.dumps(one.state_dict()))
    one.feed.mixture.close()
    again = mixed(tmp_path, loader=loader(), on_collapse="stop")
    again.load_state_dict(state)
    assert read(again) == [(HALF_EPOCH, 0)]
    again.feed.mixture.close()


class Batches:
    """Batches that come from nowhere."""

    def __iter__(self) -> Any:
        images, labels = DATA.tensors
        yield from zip(images.split(BATCH), labels.split(BATCH), strict=True)

    def __len__(self) -> int:
        return SIZE // BATCH


@pytest.mark.parametrize(("action", "left"), [("stop", 0.0), ("lower", 0.5)])
def test_of_a_stream_too(tmp_path: Path, action: str, left: float) -> None:
    def stream() -> Any:
        options = {"class_names": [str(i) for i in range(CLASSES)], "pool": 400, "reuse": None}
        return mixed(tmp_path, loader=Batches(), on_collapse=action, **options)

    one = stream()
    read(one)
    (told,) = read(one)
    assert told[1] / told[0] == pytest.approx(left, abs=0.02)
    state = json.loads(json.dumps(one.state_dict()))
    assert state["history"] == [["source", 20, HALF_EPOCH, 0, left]]
    one.feed.mixture.close()
    again = stream()
    again.load_state_dict(state)
    (told,) = read(again)
    assert told[1] / told[0] == pytest.approx(left, abs=0.02)
    again.feed.mixture.close()


def rank(cache: Path, number: int) -> Feed:
    recipe = Recipe(source=Turning(TURN), ratio=0.5, cache=cache, reuse=1, on_collapse="stop")
    return Feed(
        Mixture(recipe, DATA),
        Epoch(SIZE, BATCH, 2),
        rank=number,
        leader=number == 0,
        shuffle=True,
        progress=CountedProgress(100),
        course=Course("error", tell=None),
    )


def test_ranks_that_do_not_fill_learn_of_it_and_do_not_wait_for_what_is_made_no_more(
    tmp_path: Path,
) -> None:
    ranks = rank(tmp_path, 0), rank(tmp_path, 1)
    for feed in ranks:
        feed.begin()
    assert len(ranks[0].mixture.generated[0].places) == len(ranks[1].mixture.generated[0].places)
    for feed in ranks:
        feed.progress.delivered(19)
        feed.begin()
    first, second = (feed.plan for feed in ranks)
    assert first is not None
    assert second is not None
    assert first.history == second.history == (SourceChange(20, HALF_EPOCH, 0, 0.0),)
    assert np.array_equal(first.block(25).matrix(), second.block(25).matrix())
    for feed in ranks:
        feed.mixture.close()


def test_word_of_another_run_is_not_heeded(tmp_path: Path) -> None:
    one = rank(tmp_path, 0)
    one.begin()
    assert list(tmp_path.glob("fill-*.collapsed.json"))
    one.mixture.close()
    other = rank(tmp_path, 0)
    other.begin()  # all that it needs is there, or given up with what was stopped
    follower = rank(tmp_path, 1)
    follower.begin()
    assert follower.plan is not None
    assert follower.plan.history == ()
    for feed in (other, follower):
        feed.mixture.close()


def test_labels_of_rows_that_are_left_out_stay_those_of_the_plan(tmp_path: Path) -> None:
    """Balanced by label, what is left out goes to real samples with the labels asked for."""
    skewed = torch.utils.data.Subset(DATA, [i for i in range(SIZE) if i % CLASSES or i % 8 == 0])
    loader = mixed(
        tmp_path,
        loader=DataLoader(skewed, BATCH, shuffle=True),
        balance="uniform",
        on_collapse="lower",
        pool=800,
    )
    read(loader)
    labels = torch.cat([batch[1] for batch in loader])
    counts = torch.bincount(labels, minlength=CLASSES).tolist()
    assert max(counts) - min(counts) <= 0.05 * len(labels)
    loader.feed.mixture.close()


def test_ranks_of_a_stream_learn_of_it_too(tmp_path: Path) -> None:
    def stream(number: int) -> StreamFeed:
        names = [str(i) for i in range(CLASSES)]
        options: dict[str, Any] = {"class_names": names, "pool": 400, "on_collapse": "stop"}
        recipe = Recipe(source=Turning(TURN), ratio=0.5, cache=tmp_path, **options)
        course, progress = StreamCourse("error", tell=None), CountedProgress()
        return StreamFeed(
            recipe, course, progress, rank=number, world=2, leader=not number, length=20
        )

    ranks = stream(0), stream(1)
    for _ in range(2):
        for feed in ranks:
            feed.begin()
        for batch in Batches():
            for feed in ranks:
                feed.compose(list(batch))
    histories = [feed.course.state(40)["history"] for feed in ranks]
    assert histories[0] == histories[1] == [["source", 20, SIZE, 0, 0.0]]
    for feed in ranks:
        feed.mixture.close()
