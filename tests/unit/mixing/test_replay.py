from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

import lightning_synthaug as sa
from lightning_synthaug.errors import ConfigError, FillError, PlanError, ResumeMismatch
from lightning_synthaug.mixing import Ledger, Recipe
from lightning_synthaug.mixing.causes import CAUSES, STARVED
from lightning_synthaug.mixing.replay import Replay, refuse_replay, replaying
from lightning_synthaug.store import Store
from tests.helpers.batches import LengthBuckets
from tests.helpers.collapsing import Turning, real_dataset
from tests.helpers.ledgers import Writer, agrees, plan_with
from tests.helpers.streams import Batches
from tests.helpers.traced import Tracer, traced_dataset

SIZE, BATCH, EPOCHS = 45, 8, 3


class Choosy(Tracer):
    def _one(self, request: Any) -> Any:
        return sa.Rejection("odd") if request.number % 5 == 4 else super()._one(request)


def mixed(folder: Path, source: Any = None, ratio: Any = 0.6, **options: Any) -> Any:
    loader = DataLoader(traced_dataset(SIZE), BATCH, shuffle=True)
    given = {"cache": folder / "cache", "seed": 3, "transform": _flip, "transform_p": 0.5} | options
    return sa.mix(loader, source or Tracer(), ratio, **given)


def _flip(image: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(image[::-1])


def stream(loader: Any, epochs: int = EPOCHS) -> list[torch.Tensor]:
    return [tensor for _ in range(epochs) for batch in loader for tensor in batch]


def equal(one: list[torch.Tensor], other: list[torch.Tensor]) -> bool:
    same = (torch.equal(a, b) for a, b in zip(one, other, strict=True))
    return len(one) == len(other) and all(same)


@pytest.fixture
def lagged(tmp_path: Path) -> tuple[list[torch.Tensor], Path]:
    """A run of which only some samples were there: those that another one had left."""
    for _ in mixed(tmp_path, ratio=sa.Linear(0.0, 0.9, over="3ep")):
        pass
    loader = mixed(tmp_path, fill="off", ledger=tmp_path / "ledger")
    told = stream(loader)
    totals = loader.feed.totals
    assert 0 < totals.served < totals.planned
    return told, tmp_path / "ledger"


@pytest.mark.parametrize("fresh", [False, True])
def test_a_run_is_served_again_byte_by_byte(
    tmp_path: Path, lagged: tuple[list[torch.Tensor], Path], fresh: bool
) -> None:
    told, ledger = lagged
    log = tmp_path / "log"
    folder = tmp_path / "other" if fresh else tmp_path
    again = mixed(folder, Tracer(log=str(log)), replay=ledger, ledger=tmp_path / "second")
    assert equal(stream(again), told)
    # Nothing is made that was not served, and the ledger of the replay says the same.
    made = 0 if not log.exists() else len(log.read_text().splitlines())
    assert (made > 0) is fresh
    first, second = Ledger.read(ledger), Ledger.read(tmp_path / "second")
    assert first.sums() == second.sums()
    assert agrees(second, again.feed.totals)
    assert made <= first.sums().sources["synthetic"].served


def test_what_was_rejected_stays_so(tmp_path: Path) -> None:
    told = stream(mixed(tmp_path, Choosy(labels=[0, 1]), ledger=tmp_path / "ledger"))
    options = {"fill": "background", "on_miss": "real", "device": ["cpu", "cpu"]}
    again = mixed(tmp_path / "b", Choosy(labels=[0, 1]), replay=tmp_path / "ledger", **options)
    assert equal(stream(again), told)
    lost = Ledger.read(tmp_path / "ledger").sums().sources["synthetic"].substituted
    assert {cause for cause, count in lost.items() if count} == {"rejected", "unmakeable"}


def test_beyond_the_record_all_is_as_planned(
    tmp_path: Path, lagged: tuple[list[torch.Tensor], Path]
) -> None:
    told, ledger = lagged
    again = mixed(tmp_path, replay=ledger)
    whole = stream(again, EPOCHS + 1)
    assert equal(whole[: len(told)], told)
    last = again.feed.totals.planned - again.feed.totals.served
    assert last == sum(Ledger.read(ledger).sums().sources["synthetic"].substituted.values())


def test_a_replay_may_be_resumed(tmp_path: Path, lagged: tuple[list[torch.Tensor], Path]) -> None:
    told, ledger = lagged
    again = mixed(tmp_path, replay=ledger)
    again.load_state_dict({"batches": 9})
    assert equal(stream(again, 1), told[18:24])


@pytest.mark.parametrize(
    ("options", "differs"),
    [
        ({"seed": 4}, "seed"),
        ({"ratio": 0.5}, "ratio"),
        ({"source": Choosy()}, "generators"),
        ({"generation_seed": 1}, "generation_seed"),
    ],
)
def test_another_stream_is_refused(
    tmp_path: Path, lagged: tuple[list[torch.Tensor], Path], options: Any, differs: str
) -> None:
    again = mixed(tmp_path, **options, replay=lagged[1])
    if "source" in options:
        options["source"].mark = 2
    with pytest.raises(ResumeMismatch, match=rf"(?s){differs}\n    ledger: .*SA662"):
        next(iter(again))


def test_what_was_served_must_be_there(
    tmp_path: Path, lagged: tuple[list[torch.Tensor], Path]
) -> None:
    with pytest.raises(FillError, match="SA504"):
        stream(mixed(tmp_path / "empty", fill="off", replay=lagged[1]))

    class Moody(Tracer):
        def _one(self, request: Any) -> Any:
            return sa.Rejection("not today")

    with pytest.raises(PlanError, match=r"turned down now.*SA663"):
        stream(mixed(tmp_path / "moody", Moody(), replay=lagged[1]))


def test_a_sample_found_damaged_ends_the_replay(
    tmp_path: Path, lagged: tuple[list[torch.Tensor], Path]
) -> None:
    with Store.open(tmp_path / "cache") as store:
        samples = list(store.samples())
        first = samples[0].shard
    for path in (tmp_path / "cache").glob("*.rows"):
        data = bytearray(path.read_bytes())
        data[len(data) // 2 :] = bytes(b ^ 255 for b in data[len(data) // 2 :])
        path.write_bytes(data)
    assert first is not None
    with pytest.raises(sa.SynthAugError, match=r"damaged samples.*SA663"):
        stream(mixed(tmp_path, fill="off", replay=lagged[1]))


def test_a_batch_that_is_not_recorded_is_refused(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "a", plan_with())
    writer.batches(0, 4)
    writer.batches(6, 8)
    writer.close()
    replay = Replay(Ledger.read(tmp_path / "a"))
    there = np.zeros(8, np.int64)
    replay.check_batch(3, there)
    replay.check_batch(8, there - 2)
    with pytest.raises(PlanError, match=r"no record of batch 5.*SA663"):
        replay.check_batch(5, there)
    with pytest.raises(PlanError, match=r"1 samples of batch 3.*SA663"):
        replay.check_batch(3, np.array([0, -2]))


def test_all_ranks_must_be_there(tmp_path: Path) -> None:
    writer = Writer(tmp_path, plan_with(), world=2)
    writer.batches(0, 4)
    writer.close()
    (tmp_path / "ledger-1.jsonl").unlink()
    block = writer.plan.batch(1)
    with pytest.raises(PlanError, match=r"no record of the ranks \[1\].*SA663"):
        Replay(Ledger.read(tmp_path)).codes(block, 1, [0, len(block)])


def test_the_ranks_of_a_record_are_joined(tmp_path: Path) -> None:
    writer = Writer(tmp_path, plan_with(), world=4)
    writer.batches(0, 4)
    writer.close()
    replay = Replay(Ledger.read(tmp_path))
    block = writer.plan.slots(0, 24)
    codes = replay.codes(block, 0, [0, 8, 16, 24])
    told = np.concatenate([writer.codes[n, r] for n in range(3) for r in range(4)])
    assert sorted(codes[block.source > 0].tolist()) == sorted(told.tolist())
    places = replay.places(np.zeros((24, 2), np.int64), codes, block.source > 0)
    assert (places[:, 0] < 0).tolist() == (codes > 0).tolist()
    assert len(CAUSES) >= codes.max() >= STARVED


def test_a_replay_makes_samples_ahead() -> None:
    plain = Recipe(source=Tracer(), ratio=0.5)
    assert replaying(plain) is plain
    refuse_replay(plain)
    off = replaying(Recipe(source=Tracer(), ratio=0.5, replay="x", fill="off"))
    assert (off.fill, off.on_miss) == ("off", "error")


@pytest.mark.parametrize("batches", ["stream", "sampler"])
def test_rows_that_do_not_follow_from_a_plan_cannot_be_replayed(
    tmp_path: Path, batches: str
) -> None:
    loader: Any = Batches([8, 8])
    if batches == "sampler":
        data = traced_dataset(SIZE)
        loader = DataLoader(data, batch_sampler=LengthBuckets([1] * SIZE, 4))
    with pytest.raises(PlanError, match="SA663"):
        sa.mix(loader, Tracer(), 0.5, cache=tmp_path, replay=tmp_path)


@pytest.mark.parametrize("replay", [True, 5, "s3://x"])
def test_a_replay_is_of_a_folder(replay: Any) -> None:
    with pytest.raises(ConfigError, match=r"`replay` must be the path.*SA114"):
        Recipe(source=Tracer(), ratio=0.5, replay=replay)


def test_a_source_that_was_stopped_is_stopped_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(**options: Any) -> tuple[list[torch.Tensor], Any]:
        loader = sa.mix(
            DataLoader(real_dataset(800), 40, shuffle=True),
            Turning(200),
            0.5,
            cache=tmp_path / "cache",
            on_collapse="stop",
            reuse=1,
            **options,
        )
        return stream(loader), loader.feed.totals

    first, counted = run(ledger=tmp_path / "ledger")
    assert counted.unmakeable == 800
    capsys.readouterr()
    again, totals = run(replay=tmp_path / "ledger")
    assert equal(first, again)
    assert (totals.misses, totals.unmakeable) == (counted.misses, counted.unmakeable)
    assert "cannot make the labels" not in capsys.readouterr().err
