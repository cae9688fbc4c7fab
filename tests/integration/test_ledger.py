"""What a ledger tells of a run is what the model saw, row by row."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback
from lightning.pytorch.loggers import CSVLogger
from torch.utils.data import DataLoader

import lightning_synthaug as sa
from lightning_synthaug.data import Verdict
from lightning_synthaug.errors import ConfigError
from lightning_synthaug.generators.gates import Gate
from lightning_synthaug.mixing import Ledger
from tests.helpers.batches import LengthBuckets
from tests.helpers.faulty import Faulty
from tests.helpers.ledgers import agrees, rows_of
from tests.helpers.recorder import of_the_run, recorder, saver, trainer
from tests.helpers.streams import Batches, Stream
from tests.helpers.traced import Sample, Tracer, read, traced_dataset

SIZE, BATCH, BATCHES = 45, 8, 6

pytestmark = [pytest.mark.filterwarnings("ignore:'set_vital' is deprecated")]


class Kept(sa.SynthAug):
    """Remembers its totals, which end with the fit."""

    def on_train_end(self, trainer: Any, module: Any) -> None:
        self.totals = self.feed.totals
        super().on_train_end(trainer, module)


class Enough(Callback):
    """Ends a fit once some of what a slow generator makes was served."""

    def on_train_batch_end(self, trainer: Any, *_: Any) -> None:
        time.sleep(0.005)
        trainer.should_stop = trainer.callbacks[0].feed.totals.served > 20


def fit(folder: Path, source: Any, ratio: Any = 0.5, **given: Any) -> tuple[Any, Any]:
    """Train; the model and the callback."""
    limits = {"max_epochs": 3} | given.pop("limits", {})
    resume, callbacks = given.pop("resume", None), given.pop("callbacks", [])
    loader = given.pop("loader", None)
    workers = given.pop("workers", 0)
    model = given.pop("model", None) or recorder()
    options = {"cache": folder / "cache", "ledger": folder / "ledger", "seed": 3} | given
    aug = Kept(source, ratio, **options)
    if loader is None:
        loader = DataLoader(traced_dataset(SIZE), BATCH, shuffle=True, num_workers=workers)
    trainer(callbacks=[aug, *callbacks], **limits).fit(model, loader, ckpt_path=resume)
    return model, aug


def replayed(ledger: Ledger) -> dict[int, list[Sample]]:
    return {n: rows_of(ledger, n) for first, stop in ledger.spans for n in range(first, stop)}


@pytest.mark.parametrize("workers", [0, 2])
def test_samples_made_ahead(tmp_path: Path, workers: int) -> None:
    log = tmp_path / "made.log"
    sources = {"gan": Tracer(reject=3, log=str(log)), "old": traced_dataset(20, source=2)}
    model, aug = fit(
        tmp_path, sources, sa.Linear(0.0, 1.0), workers=workers, weights={"gan": 2, "old": 1}
    )
    ledger = Ledger.read(tmp_path / "ledger")
    assert replayed(ledger) == model.seen
    assert agrees(ledger, aug.totals)
    made = ledger.made["gan"]
    assert list(ledger.made) == ["gan"]
    assert made.made == aug.totals.generated
    assert (
        made.asked == len(log.read_text().splitlines()) == made.made + made.rejected["not pretty"]
    )
    head = ledger.heads[0]
    assert head.fingerprint["generators"]["gan"] == Tracer(reject=3).fingerprint()
    assert [head.batch for head in ledger.heads] == [0]


@pytest.mark.parametrize("workers", [0, 1])
def test_a_generator_that_lags(tmp_path: Path, workers: int) -> None:
    (tmp_path / "log").mkdir()
    slow = Faulty(str(tmp_path / "log"), seconds=0.02)
    options = {"fill": "background", "limits": {"max_epochs": 10_000}, "workers": workers}
    model, aug = fit(tmp_path, slow, 0.7, callbacks=[Enough()], **options)
    ledger = Ledger.read(tmp_path / "ledger")
    assert replayed(ledger) == model.seen
    assert agrees(ledger, aug.totals)
    sums = ledger.sums().sources["synthetic"]
    assert 0 < sums.substituted["starved"] == sums.planned - sums.served
    assert sums.served > 0
    made = (tmp_path / "log" / "made").read_text().splitlines()
    assert ledger.made["synthetic"].made == aug.totals.generated <= len(made)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_run_that_lagged_is_replayed_byte_by_byte(tmp_path: Path, workers: int) -> None:
    (tmp_path / "log").mkdir()
    data = traced_dataset(SIZE)

    def mixed(seconds: float, **options: Any) -> Any:
        loader = DataLoader(data, BATCH, shuffle=True, num_workers=0 if seconds else workers)
        source = Faulty(str(tmp_path / "log"), seconds=seconds)
        given = {"fill": "background", "on_miss": "real", "seed": 3}
        return sa.mix(loader, source, sa.Cosine(0.0, 0.9, over="600ba"), **given, **options)

    lagging = mixed(0.02, cache=tmp_path / "first", ledger=tmp_path / "ledger")
    told, totals = [], lagging.feed.totals
    while totals.served < 30 or totals.misses < 30:
        for images, labels in lagging:
            told.append((images.clone(), labels.clone()))
            time.sleep(0.002)
    lagging.feed.mixture.close()
    again = mixed(0.0, cache=tmp_path / "second", replay=tmp_path / "ledger")
    served = [batch for _ in range(len(told) // BATCHES) for batch in again]
    assert len(served) == len(told)
    for (images, labels), (same_images, same_labels) in zip(told, served, strict=True):
        assert torch.equal(images, same_images)
        assert torch.equal(labels, same_labels)
    sums = [(t.planned, t.served, t.starved, t.misses) for t in (totals, again.feed.totals)]
    assert sums[0] == sums[1]


def test_a_fit_is_replayed(tmp_path: Path) -> None:
    fit(tmp_path, Tracer(), ledger=None, limits={"max_epochs": 1})
    first, _ = fit(tmp_path, Tracer(), 0.5, fill="off", on_miss="real")
    again, aug = fit(tmp_path / "b", Tracer(), replay=tmp_path / "ledger", fill="background")
    assert again.seen == first.seen
    assert aug.totals.misses > 0
    assert replayed(Ledger.read(tmp_path / "b" / "ledger")) == first.seen


def test_each_cause_is_told(tmp_path: Path) -> None:
    class Choosy(Tracer):
        def _one(self, request: Any) -> Any:
            if request.label == 1 and request.number % 2:
                return sa.Rejection("odd")
            return super()._one(request)

    model, aug = fit(tmp_path, Choosy(labels=[0, 1]), 0.8)
    ledger = Ledger.read(tmp_path / "ledger")
    assert replayed(ledger) == model.seen
    assert agrees(ledger, aug.totals)
    lost = ledger.sums().sources["synthetic"].substituted
    assert {cause for cause, count in lost.items() if count} == {"rejected", "unmakeable"}
    assert set(ledger.made["synthetic"].rejected) == {"odd"}


class Picky(Gate):
    """Refuses the odd ones of a label, each time."""

    def judge(self, requests: Sequence[Any], records: Sequence[Any]) -> list[Verdict]:
        good = [r.label != 2 or r.number % 2 == 0 for r in requests]
        return [Verdict(g, None, "" if g else "odd") for g in good]


@pytest.mark.parametrize("fill", ["ahead", "background"])
def test_what_gates_refuse_is_told(tmp_path: Path, fill: Any) -> None:
    options = {"gates": Picky(), "fill": fill, "on_miss": "wait"}
    model, aug = fit(tmp_path, Tracer(), 0.8, **options)
    ledger = Ledger.read(tmp_path / "ledger")
    assert replayed(ledger) == model.seen
    assert agrees(ledger, aug.totals)
    lost = ledger.sums().sources["synthetic"].substituted
    assert {cause for cause, count in lost.items() if count} == {"rejected"}
    made = ledger.made["synthetic"]
    assert set(made.rejected) == {"Picky: odd"}
    assert made.rejected["Picky: odd"] % 3 == 0  # so many attempts each
    assert made.asked == made.made == aug.totals.generated
    assert Picky().fingerprint() in str(ledger.heads[0].fingerprint["gates"])


def test_a_stopped_run_and_its_resume_are_one_record(tmp_path: Path) -> None:
    first, _ = fit(tmp_path, Tracer(), limits={"max_steps": 8}, callbacks=[saver(tmp_path, 5)])
    resume = tmp_path / "step=5.ckpt"
    second, _ = fit(tmp_path, Tracer(), resume=resume, ratio=0.5)
    ledger = Ledger.read(tmp_path / "ledger")
    assert list(second.seen) == list(range(5, 3 * BATCHES))
    told = of_the_run(replayed(ledger), 3 * BATCHES)
    assert told == {n: first.seen[n] for n in range(5)} | second.seen
    assert [head.batch for head in ledger.heads] == [0, 5]


def test_another_configuration_from_a_batch_on_is_told(tmp_path: Path) -> None:
    first, _ = fit(tmp_path, Tracer(), limits={"max_steps": 9}, callbacks=[saver(tmp_path, 9)])
    loader = DataLoader(traced_dataset(60), 5, shuffle=True)
    options = {"loader": loader, "resume": tmp_path / "step=9.ckpt", "on_mismatch": "rescale"}
    second, _ = fit(tmp_path, {"other": Tracer(4)}, 0.3, **options)
    ledger = Ledger.read(tmp_path / "ledger")
    rows = {
        n: [s._replace(source=min(s.source, 1)) for s in rows] for n, rows in second.seen.items()
    }
    assert replayed(ledger) == first.seen | rows
    assert [head.names for head in ledger.heads] == [("synthetic",), ("other",)]
    assert set(ledger.sums().sources) == {"synthetic", "other"}


def test_a_batch_that_broke_was_not_trained_on(tmp_path: Path) -> None:
    model = recorder(stop_at=9, error=RuntimeError("boom"))
    with pytest.raises(RuntimeError, match="boom"):
        fit(tmp_path, Tracer(), model=model)
    ledger = Ledger.read(tmp_path / "ledger")
    assert ledger.spans == [(0, 9)]
    assert replayed(ledger) == model.seen


def test_it_lies_beside_the_logs_where_asked(tmp_path: Path) -> None:
    logger = CSVLogger(tmp_path)
    model, _ = fit(tmp_path, Tracer(), ledger=True, limits={"logger": logger})
    assert replayed(Ledger.read(Path(logger.log_dir) / "ledger")) == model.seen


@pytest.mark.filterwarnings("ignore:Your `IterableDataset` has `__len__` defined")
@pytest.mark.parametrize("loader", [Batches([8, 5, 8, 3, 7, 8]), DataLoader(Stream(SIZE), BATCH)])
def test_streams_are_told_slot_by_slot(tmp_path: Path, loader: Any) -> None:
    source = Tracer(labels=[0, 1])
    limits = {"max_epochs": 3, "max_steps": 13}
    model, _ = fit(tmp_path, source, 0.6, loader=loader, limits=limits)
    ledger = Ledger.read(tmp_path / "ledger")
    assert ledger.spans == [(0, 13)]  # whatever was fetched ahead
    for number, rows in model.seen.items():
        slots = ledger.slots(number)
        assert slots is not None
        assert int(slots.rows[0]) == len(rows)
        assert (slots.codes == 0).sum() == sum(s.source > 0 for s in rows)
    assert ledger.sums().sources["synthetic"].substituted["unmakeable"] > 0
    with pytest.raises(sa.SynthAugError, match="SA664"):
        ledger.served(3)


def test_batches_of_a_users_own_sampler_are_told_slot_by_slot(tmp_path: Path) -> None:
    data = traced_dataset(SIZE)
    sampler = LengthBuckets([i % 11 for i in range(SIZE)], 4)
    mixed = sa.mix(
        DataLoader(data, batch_sampler=sampler), Tracer(), 0.5, cache=tmp_path / "c", ledger=tmp_path / "l"
    )  # fmt: skip
    seen = [read(images) for _ in range(2) for images, _ in mixed]
    ledger = Ledger.read(tmp_path / "l")
    assert agrees(ledger, mixed.feed.totals)
    told = [ledger.slots(n) for n in range(len(seen))]
    assert [s is not None and s.sources.tolist() for s in told] == [
        [s.source for s in rows if s.source] for rows in seen
    ]
    with pytest.raises(sa.SynthAugError, match="SA664"):
        ledger.served(0)


def test_a_plain_loop_has_one_too_and_may_leave_a_pass(tmp_path: Path) -> None:
    loader = DataLoader(traced_dataset(SIZE), BATCH, shuffle=True)
    options = {"cache": tmp_path / "c", "ledger": tmp_path / "l", "seed": 1}
    mixed = sa.mix(loader, Tracer(), 0.5, **options)
    seen: dict[int, list[Sample]] = {}
    for images, _ in mixed:
        seen[len(seen)] = read(images)
        if len(seen) == 4:
            break
    state = mixed.state_dict()
    assert replayed(Ledger.read(tmp_path / "l")) == seen
    other = sa.mix(loader, Tracer(), 0.5, **options)
    other.load_state_dict(state)
    for images, _ in other:
        seen[len(seen)] = read(images)
        assert list(replayed(Ledger.read(tmp_path / "l"))) == [*range(4)]
        other.state_dict()  # what a checkpoint covers is written
        assert replayed(Ledger.read(tmp_path / "l")) == seen
        break
    assert list(seen) == [*range(5)]


def test_a_prepared_loader_has_one(tmp_path: Path) -> None:
    accelerate = pytest.importorskip("accelerate")
    loader = DataLoader(traced_dataset(SIZE), BATCH, shuffle=True)
    prepared = accelerate.Accelerator(cpu=True).prepare(loader)
    options = {"cache": tmp_path / "c", "ledger": tmp_path / "l"}
    mixed = sa.mix(prepared, Tracer(), 0.5, **options)
    seen = dict(enumerate(read(images) for _ in range(2) for images, _ in mixed))
    assert replayed(Ledger.read(tmp_path / "l")) == seen


def test_true_needs_a_trainer() -> None:
    with pytest.raises(ConfigError, match=r"`ledger` must be a folder.*SA114"):
        sa.mix(DataLoader(traced_dataset(SIZE), BATCH), Tracer(), 0.5, ledger=True)


@pytest.mark.parametrize("ledger", [5, "s3://bucket/ledger", ["x"]])
def test_a_ledger_is_a_folder(ledger: Any) -> None:
    with pytest.raises(ConfigError, match=r"`ledger` must be the path.*SA114"):
        sa.Recipe(source=Tracer(), ratio=0.5, ledger=ledger)


def test_nothing_is_written_unless_asked_for(tmp_path: Path) -> None:
    fit(tmp_path, Tracer(), ledger=None)
    assert {path.name for path in tmp_path.iterdir()} == {"cache"}
