from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import lightning_synthaug as sa
from lightning_synthaug.data import Record
from lightning_synthaug.errors import FillError
from lightning_synthaug.generators import Generator, Rejection, Request
from lightning_synthaug.mixing import CountedProgress, Recipe, StreamCourse, StreamFeed
from lightning_synthaug.mixing.progress import Progress
from lightning_synthaug.store import Gathered
from tests.helpers.streams import Batches
from tests.helpers.traced import CLASSES, SIDE, Sample, Tracer, read, traced_dataset

SOURCE = traced_dataset(9, source=1)


def feed(
    source: Any = SOURCE,
    ratio: Any = 0.5,
    *,
    progress: Progress | None = None,
    rank: int = 0,
    world: int = 1,
    **options: Any,
) -> StreamFeed:
    recipe = Recipe(source=source, ratio=ratio, **options)
    course = StreamCourse(recipe.on_mismatch, tell=None)
    made = StreamFeed(
        recipe,
        course,
        progress or CountedProgress(),
        rank=rank,
        world=world,
        leader=rank == 0,
        length=None,
    )
    made.begin()
    return made


def composed(f: StreamFeed, sizes: list[int]) -> list[list[Sample]]:
    return [read(f.compose(batch)[0]) for batch in Batches(sizes)]


def test_ranks_share_the_composition_exactly() -> None:
    sizes = [5, 3, 5, 4, 1, 1, 1]
    ranks = [
        composed(feed(ratio=sa.Linear(0.1, 0.9, over="4ba"), rank=r, world=3), sizes)
        for r in range(3)
    ]
    alone = feed(ratio=sa.Linear(0.1, 0.9, over="4ba"))
    for batch in Batches([3 * s for s in sizes]):
        alone.compose(batch)
    served = [s for rank in ranks for rows in rank for s in rows if s.source]
    assert len(served) == alone.totals.served
    uses = Counter(s.index for s in served)  # each item once a pass
    assert max(uses.values()) - min(uses[i] for i in range(9)) <= 1


def test_the_account_tells_what_each_row_is(tmp_path: Path) -> None:
    f = feed(Tracer(labels=range(CLASSES)), cache=tmp_path, pool=2)
    for batch in Batches([6, 3]):
        rows = read(f.compose(batch)[0])
        told = f.served()
        assert told is not None
        assert [int(s.source > 0) for s in rows] == told.served.tolist()
        assert told.slots.size == len(rows)
    assert told.slots.tolist() == [6, 7, 8]
    row = int(np.flatnonzero(told.served)[0])
    made = f.provenance(told.number, row)
    assert made is not None
    assert made["label"] == rows[row].label
    assert f.provenance(told.number, int(np.flatnonzero(told.served == 0)[0])) is None
    assert f.provenance(99, 0) is None
    assert (f.totals.rows, f.totals.served, f.totals.misses) == (9, 4, 0)


def test_a_batch_without_rows_passes() -> None:
    f = feed()
    empty = [torch.zeros(0, 1, SIDE, SIDE), torch.zeros(0)]
    assert f.compose(empty) is empty
    assert len(composed(f, [4])) == 1


def test_weights_by_label_ask_for_labels(tmp_path: Path) -> None:
    f = feed(Tracer(), cache=tmp_path, pool=3, balance={1: 1, 2: 3})
    asked = Counter(s.label for rows in composed(f, [8] * 10) for s in rows if s.source)
    assert asked == {1: 10, 2: 30}


def test_labels_that_a_source_cannot_make_stay_real(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = {"zero": Tracer(1, labels=[0]), "rest": Tracer(2, labels=[1, 2])}
    f = feed(sources, cache=tmp_path, pool=3)
    rows = [s for batch in composed(f, [8] * 10) for s in batch]
    assert all((s.source == 1) == (s.label == 0) for s in rows if s.source)
    assert f.totals.unmakeable == f.totals.planned - f.totals.served > 0
    assert f.totals.misses == 0
    assert "cannot make the labels" in capsys.readouterr().err


def test_reuse_replaces_samples(tmp_path: Path) -> None:
    log = tmp_path / "log"
    source = Tracer(labels=range(CLASSES), log=str(log))
    f = feed(source, 1.0, cache=tmp_path / "cache", pool=2, reuse=1)
    rows = [s for batch in composed(f, [6] * 8) for s in batch]
    assert {s.index for s in rows} >= set(range(14))  # 48 servings of 6 samples: 8 lives of 2 each
    assert Counter(s.index // 2 for s in rows) == Counter(dict.fromkeys(range(8), 6))


class Negative(Generator):
    """Turns the real row around, and says so in its first pixel."""

    conditioning = "twin"

    def fingerprint(self) -> str:
        return "negative"

    def generate(self, requests: Sequence[Request]) -> list[Record]:
        made = []
        for request in requests:
            assert request.twin is not None
            image = request.twin["image"].copy()
            image[0, 0] = 1
            made.append(request.twin.replace(image=image))
        return made


def test_a_twin_is_the_row_displaced(tmp_path: Path) -> None:
    f = feed(Negative(), cache=tmp_path)
    for _ in range(2):
        for n, rows in enumerate(composed(f, [4, 6])):
            assert [s.index for s in rows] == list(range(4 * n, 4 * n + len(rows)))
    assert f.totals.served == 10
    assert f.totals.generated <= 10  # the same rows are displaced again, where parity has it so
    assert f.totals.misses == 0
    told = f.served()
    assert told is not None
    assert f.provenance(told.number, int(np.flatnonzero(told.served)[0])) is None


def test_what_is_missing_stays_real_or_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = Tracer(labels=range(CLASSES))
    f = feed(source, cache=tmp_path, fill="off")
    assert not any(s.source for rows in composed(f, [8]) for s in rows)
    assert f.totals.misses == 4
    assert "their real rows stay" in capsys.readouterr().err
    f = feed(source, cache=tmp_path, fill="off", on_miss="error")
    with pytest.raises(FillError, match=r"4 missing in batch 0.*SA504"):
        composed(f, [8])


class Never(Tracer):
    """Turns every request down."""

    def __init__(self, *, for_now: bool) -> None:
        super().__init__(labels=range(CLASSES))
        self.for_now = for_now

    def generate(self, requests: Sequence[Request]) -> list[Any]:
        return [Rejection("too dark", for_now=self.for_now) for _ in requests]


def test_a_stream_is_complete_or_stops_and_waits_for_nothing_that_nobody_makes(
    tmp_path: Path,
) -> None:
    f = feed(Never(for_now=True), cache=tmp_path, on_miss="wait")
    with pytest.raises(FillError, match=r"4 missing in batch 0.*\(too dark\).*SA524"):
        composed(f, [8])
    f = feed(Never(for_now=False), cache=tmp_path, on_miss="error")
    with pytest.raises(FillError, match=r"4 missing in batch 0.*4 rejected: too dark.*SA504"):
        composed(f, [8])


def test_damaged_samples_are_made_again(tmp_path: Path) -> None:
    log = tmp_path / "log"
    f = feed(Tracer(labels=range(CLASSES), log=str(log)), 1.0, cache=tmp_path / "cache", pool=2)
    reader = f._rows._reader
    assert reader is not None
    whole = reader.gather

    def damaged(shards: Any, rows: Any) -> Gathered:
        return Gathered(np.zeros(len(shards), bool), None, ())

    reader.gather = damaged  # type: ignore[method-assign]
    batches = iter(Batches([3, 6, 6]))
    f.compose(next(batches))
    assert (f.totals.misses, len(log.read_text().splitlines())) == (3, 2 * CLASSES)
    reader.gather = whole  # type: ignore[method-assign]
    for batch in batches:
        f.compose(batch)
    assert (f.totals.misses, f.totals.served) == (3, 12)
    assert len(log.read_text().splitlines()) > 2 * CLASSES


class Late(Progress):
    """A clock that is restored after the first batch was fetched, as under FSDP."""

    now = 0

    def done(self) -> int:
        return self.now

    def total(self, epoch_batches: int) -> int | None:
        return None

    def coming(self, epoch_batches: int) -> int:
        return epoch_batches


def test_a_clock_that_jumps_is_followed_from_the_second_batch_on() -> None:
    whole = feed(ratio=sa.Linear(0.0, 1.0, over="6ba"))
    wanted = composed(whole, [4] * 8)
    saved = whole.course.state(4)
    clock = Late()
    f = feed(ratio=sa.Linear(0.0, 1.0, over="6ba"), progress=clock)
    batches = iter(Batches([4] * 4))
    f.compose(next(batches))
    f.course.restore(saved)
    clock.now = 4
    got = []
    for batch in batches:
        got.append([s.index for s in read(f.compose(batch)[0]) if s.source])
        assert f.served() is not None
        clock.now += 1
    assert got == [[s.index for s in rows if s.source] for rows in wanted[5:8]]
