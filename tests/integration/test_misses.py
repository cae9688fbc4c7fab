"""What cannot be served is stood in for by a real sample with the label asked for, and counted."""

from __future__ import annotations

import csv
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from lightning.pytorch import LightningDataModule
from lightning.pytorch.loggers import CSVLogger
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

import lightning_synthaug as sa
from lightning_synthaug.data import Record
from lightning_synthaug.errors import (
    CacheError,
    DataError,
    FillError,
    GeneratorContractBroken,
    SynthAugError,
)
from lightning_synthaug.generators import Rejection
from lightning_synthaug.store import Store
from tests.helpers.recorder import recorder, trainer
from tests.helpers.traced import CLASSES, SIDE, Sample, Tracer, planned, read, traced_dataset

SIZE, BATCH = 45, 8


def damage(folder: Path, record: Record) -> None:
    """Flip one bit of a stored image, in its file."""
    image = record["image"]
    assert isinstance(image, np.ndarray)
    for path in folder.glob("*.rows"):
        place = path.read_bytes().find(image.tobytes())
        if place >= 0:
            with path.open("r+b") as file:
                file.seek(place + 20)
                old = file.read(1)
                file.seek(place + 20)
                file.write(bytes([old[0] ^ 1]))
            return
    raise AssertionError("no shard holds the image")


@pytest.mark.parametrize("workers", [0, 2])
def test_a_byte_damaged_while_training_is_a_miss_and_made_again(
    tmp_path: Path, workers: int
) -> None:
    aug = sa.SynthAug(Tracer(), 0.5, cache=tmp_path, seed=3)
    model = recorder()
    kept: dict[str, Any] = {}
    step = type(model).training_step

    def training_step(batch: Any, batch_idx: int) -> Any:
        feed = aug.feed
        if batch_idx == 0 and not kept:
            slots = feed.plan.batch(5)
            row = int(np.nonzero(slots.source)[0][-1])
            shard, place = feed.mixture.places(slots)[row].tolist()
            kept.update(feed=feed, row=row, twin=int(slots.twin[row]), plan=feed.plan)
            damage(tmp_path, feed.mixture.store.reader.read(shard, place))
        return step(model, batch, batch_idx)

    model.training_step = training_step
    # Two batches ahead with each of two workers: the damaged one is not fetched yet at batch 0.
    options = {"num_workers": workers, "prefetch_factor": 1} if workers else {}
    loader = DataLoader(traced_dataset(SIZE), BATCH, **options)
    trainer(max_epochs=2, callbacks=[aug]).fit(model, loader)
    expected = {n: planned(kept["plan"], n) for n in range(12)}
    lost = expected[5][kept["row"]]
    expected[5][kept["row"]] = Sample(0, lost.label, kept["twin"])
    assert model.seen == expected  # in the second epoch it is back
    totals = kept["feed"].totals
    assert (totals.misses, totals.unmakeable) == (1, 0)
    assert totals.planned - totals.served == 1
    made = sum(s.source for rows in model.seen.values() for s in set(rows))
    assert totals.generated >= made // 2 + 1


def test_labels_that_cannot_be_made_stay_real_and_are_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    aug = sa.SynthAug(Tracer(labels=[0, 1]), 0.6, cache=tmp_path)
    model = recorder()
    logger = CSVLogger(tmp_path / "logs")
    run = trainer(max_epochs=2, callbacks=[aug], logger=logger)
    run.fit(model, DataLoader(traced_dataset(SIZE), BATCH))
    assert {s.label for rows in model.seen.values() for s in rows if s.source} == {0, 1}
    assert {s.label for rows in model.seen.values() for s in rows} == {0, 1, 2}
    assert capsys.readouterr().err.count("cannot make the labels [2]") == 1
    last = logged(logger)[-1]
    assert float(last["synthaug/unmakeable"]) > 0
    assert float(last["synthaug/misses"]) == 0


def logged(logger: CSVLogger) -> list[dict[str, str]]:
    with (Path(logger.log_dir) / "metrics.csv").open() as file:
        return [row for row in csv.DictReader(file) if row.get("synthaug/ratio_planned")]


@pytest.mark.parametrize("module", [False, True], ids=["callback", "datamodule"])
@pytest.mark.parametrize("every", [1, 4])
def test_a_logger_gets_all_metrics(tmp_path: Path, every: int, module: bool) -> None:
    options = {"ratio": sa.Linear(0.0, 1.0), "cache": tmp_path / "cache"}
    loader = DataLoader(traced_dataset(SIZE), BATCH)
    logger = CSVLogger(tmp_path)
    run = trainer(max_epochs=2, logger=logger, log_every_n_steps=every)
    model = recorder()
    if module:
        inner = LightningDataModule()
        inner.train_dataloader = lambda: loader
        run.fit(model, datamodule=sa.SynthAugDataModule(inner, Tracer(), **options))
    else:
        run.callbacks.insert(0, sa.SynthAug(Tracer(), **options))
        run.fit(model, loader)
    rows = logged(logger)
    # The steps at which Lightning logs what the model logs.
    assert [int(r["step"]) for r in rows] == list(range(every - 1, 12, every))
    ratios = [float(r["synthaug/ratio_planned"]) for r in rows]
    assert all(abs(r - n / len(rows)) < 0.2 for n, r in enumerate(ratios, start=1))
    assert [float(r["synthaug/ratio_served"]) for r in rows] == ratios
    assert {float(r["synthaug/misses"]) for r in rows} == {0}
    made = {s for batch in model.seen.values() for s in batch if s.source}
    assert float(rows[-1]["synthaug/generated"]) == len(made)
    assert float(rows[-1]["synthaug/fill_s"]) > 0


def test_rejected_samples_are_tried_again(tmp_path: Path) -> None:
    log = tmp_path / "made.log"
    loader = DataLoader(traced_dataset(SIZE), BATCH)
    mixed = sa.mix(loader, Tracer(reject=2, log=str(log)), 0.5, cache=tmp_path / "cache")
    epochs = [[read(images) for images, _ in mixed] for _ in range(2)]
    assert mixed.feed.totals.misses == 0
    tries = [line.split()[1:] for line in log.read_text().splitlines()]
    assert {attempt for *_, attempt in tries} == {"0", "1"}
    again = sa.mix(loader, Tracer(reject=2, log=str(log)), 0.5, cache=tmp_path / "cache")
    assert [read(images) for images, _ in again] == epochs[0]
    assert len(log.read_text().splitlines()) == len(tries)


def test_without_filling_real_samples_stand_in(tmp_path: Path) -> None:
    loader = DataLoader(traced_dataset(SIZE), BATCH)
    mixed = sa.mix(loader, Tracer(), 0.5, cache=tmp_path, fill="off")
    batches = [(read(images), labels.tolist()) for images, labels in mixed]
    totals = mixed.feed.totals
    assert (totals.served, totals.misses, totals.planned) == (0, SIZE // 2, SIZE // 2)
    plan = mixed.feed.plan
    assert plan is not None
    for n, (rows, labels) in enumerate(batches):
        slots = plan.batch(n)
        assert labels == slots.label.tolist()
        assert [s.index for s in rows] == np.where(slots.source, slots.twin, slots.index).tolist()


def test_misses_can_be_errors(tmp_path: Path) -> None:
    loader = DataLoader(traced_dataset(SIZE), BATCH)
    mixed = sa.mix(loader, Tracer(), 0.5, cache=tmp_path, fill="off", on_miss="error")
    with pytest.raises(FillError, match=r'on_miss="error", got 4 missing.*SA504'):
        next(iter(mixed))


class Never(Tracer):
    """Turns every request down."""

    def __init__(self, *, for_now: bool = False) -> None:
        super().__init__()
        self.for_now = for_now

    def generate(self, requests: Sequence[Any]) -> list[Any]:
        return [Rejection("too dark", for_now=self.for_now) for _ in requests]


@pytest.mark.parametrize(
    ("source", "lacks"),
    [
        (Never(), r"4 missing in batch 0 .*\(4 rejected: too dark\)"),
        (Never(for_now=True), r"4 missing in batch 0 .*\(4 starved: too dark\)"),
        (Tracer(labels=[0, 1]), r"missing in batch \d .*\(\d unmakeable\)"),
    ],
)
def test_a_run_is_complete_or_stops(tmp_path: Path, source: Any, lacks: str) -> None:
    loader = DataLoader(traced_dataset(SIZE), BATCH)
    mixed = sa.mix(loader, source, 0.5, cache=tmp_path, on_miss="error")
    with pytest.raises(FillError, match=rf"{lacks}.*SA504"):
        list(mixed)
    mixed.feed.mixture.close()


def test_what_is_put_off_is_not_waited_for_by_the_process_that_makes_it(tmp_path: Path) -> None:
    loader = DataLoader(traced_dataset(SIZE), BATCH)
    mixed = sa.mix(loader, Never(for_now=True), 0.5, cache=tmp_path, on_miss="wait")
    with pytest.raises(FillError, match=r"4 missing in batch 0 .*\(too dark\).*SA524"):
        next(iter(mixed))
    mixed.feed.mixture.close()


def test_misses_can_be_waited_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    loader = DataLoader(traced_dataset(SIZE), BATCH)

    def fill_later() -> None:
        time.sleep(0.4)
        list(sa.mix(loader, Tracer(), 0.5, cache=tmp_path))

    thread = threading.Thread(target=fill_later)
    thread.start()
    mixed = sa.mix(loader, Tracer(), 0.5, cache=tmp_path, fill="off", on_miss="wait")
    batches = [read(images) for images, _ in mixed]
    thread.join()
    assert mixed.feed.totals.misses == 0
    assert batches == [planned(mixed.feed.plan, n) for n in range(6)]  # type: ignore[arg-type]
    assert "waiting for 4 samples" in capsys.readouterr().err


class Broken(Tracer):
    """Returns what it was not asked for."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how

    def generate(self, requests: Sequence[Any]) -> Any:
        records = super().generate(requests)
        if self.how == "count":
            return records[1:]
        first, *rest = records
        assert isinstance(first, Record)
        image = np.asarray(first["image"])
        others: dict[str, Any] = {
            "label": first.replace(label=(int(requests[0].label) + 1) % CLASSES),
            "shape": first.replace(image=image[1:]),
            "dtype": first.replace(image=image.astype(np.float64)),
        }
        return [others[self.how], *rest]


@pytest.mark.parametrize(
    ("how", "code"),
    [("count", "SA420"), ("label", "SA422"), ("shape", "SA423"), ("dtype", "SA423")],
)
def test_a_generator_that_returns_another_thing_stops_the_run(
    tmp_path: Path, how: str, code: str
) -> None:
    aug = sa.SynthAug(Broken(how), 0.5, cache=tmp_path)
    model = recorder()
    with pytest.raises(GeneratorContractBroken, match=code):
        trainer(max_epochs=1, callbacks=[aug]).fit(model, DataLoader(traced_dataset(SIZE), BATCH))
    assert model.seen == {}
    with Store.open(tmp_path) as store:  # nothing half-written
        assert store.verify() == []
        assert store.stats().samples == 0


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("kind", ["dataset", "generator"])
def test_items_of_another_structure_are_refused_with_both_shown(
    tmp_path: Path, workers: int, kind: str
) -> None:
    labels = torch.tensor([i % CLASSES for i in range(20)])
    source: Any = TensorDataset(torch.zeros(20, 3, SIDE, SIDE, dtype=torch.uint8), labels)
    code = "SA205"
    if kind == "generator":

        class Coloured(Tracer):
            def generate(self, requests: Sequence[Any]) -> Any:
                image = np.zeros((SIDE, SIDE + 1), np.uint8)
                return [Record({"image": image, "label": r.label}) for r in requests]

        source, code = Coloured(), "SA20[35]"
    aug = sa.SynthAug(source, 0.5, cache=tmp_path)
    loader = DataLoader(traced_dataset(SIZE), BATCH, num_workers=workers)
    # The check runs in the first worker; its error comes through with its class.
    with pytest.raises(DataError, match=rf"(?s)uint8 \[1, 6, 6\].*\[.*\].*{code}"):
        trainer(max_epochs=1, callbacks=[aug]).fit(recorder(), loader)


class Coloured(Tracer):
    """Makes images in colour, four at once, and counts them."""

    made = 0

    def generate(self, requests: Sequence[Any]) -> Any:
        self.made += len(requests)
        image = np.zeros((SIDE, SIDE, 3), np.uint8)
        return [Record({"image": image, "label": r.label}) for r in requests]


class Streamed(IterableDataset[Any]):
    def __iter__(self) -> Any:
        return iter(traced_dataset(SIZE))


class Module(LightningDataModule):
    def train_dataloader(self) -> Any:
        return DataLoader(traced_dataset(SIZE), BATCH)


@pytest.mark.parametrize("face", ["callback", "datamodule", "stream"])
def test_images_of_another_mode_are_refused_before_an_epoch_of_them_is_made(
    tmp_path: Path, face: str
) -> None:
    source = Coloured()
    data: Any = Module()
    callbacks = []
    if face == "datamodule":
        data = sa.SynthAugDataModule(data, source, 0.5, cache=tmp_path)
    else:
        options = {"class_names": ["a", "b", "c"]} if face == "stream" else {}
        callbacks.append(sa.SynthAug(source, 0.5, cache=tmp_path, **options))
        data = DataLoader(Streamed(), BATCH) if face == "stream" else data
    with pytest.raises(DataError, match=r"(?s)uint8 \[1, 6, 6\].*uint8 \[6, 6, 3\].*SA203"):
        trainer(max_epochs=1, callbacks=callbacks).fit(recorder(), data)
    assert source.made == source.batch_size == 4


@pytest.mark.parametrize("workers", [0, 1])
def test_a_later_item_of_another_structure_is_refused_where_it_comes(
    tmp_path: Path, workers: int
) -> None:
    """The first one was compared at the beginning; one that breaks a batch is compared then."""
    items = [traced_dataset(20, source=1)[i] for i in range(20)]
    items[7] = (torch.zeros(1, SIDE, SIDE + 1, dtype=torch.uint8), torch.tensor(0))
    aug = sa.SynthAug(items, 1.0, cache=tmp_path)
    loader = DataLoader(traced_dataset(SIZE), BATCH, num_workers=workers)
    with pytest.raises(DataError, match=r"(?s)uint8 \[1, 6, 6\].*\[1, 6, 7\].*SA205"):
        trainer(max_epochs=1, callbacks=[aug]).fit(recorder(), loader)

    def broken(items: list[Any]) -> Any:
        raise ValueError("the collate function's own")

    loader = DataLoader(traced_dataset(SIZE), BATCH, collate_fn=broken)
    aug = sa.SynthAug(traced_dataset(20, source=1), 1.0)
    with pytest.raises(ValueError, match="the collate function's own"):
        trainer(max_epochs=1, callbacks=[aug]).fit(recorder(), loader)


def test_caches_that_cannot_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loader = DataLoader(traced_dataset(SIZE), BATCH)

    def refused(cache: Path, match: str) -> None:
        with pytest.raises(SynthAugError, match=match):
            list(sa.mix(loader, Tracer(), 0.5, cache=cache))

    (tmp_path / "file").write_text("mine")
    refused(tmp_path / "file", r"`cache` must be a folder, got the file .*SA505")
    assert (tmp_path / "file").read_text() == "mine"
    refused(Path("/proc/nowhere"), r"can be written to.*SA301")
    list(sa.mix(loader, Tracer(), 0.5, cache=tmp_path / "good"))
    with monkeypatch.context() as patch:
        patch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 100}))
        refused(tmp_path / "full", r"fit into its budget.*SA306")
    index = next((tmp_path / "good").glob("index.sqlite"))
    data = bytearray(index.read_bytes())
    data[100:400] = bytes(300)
    index.write_bytes(data)
    for left in (tmp_path / "good").glob("index.sqlite-*"):
        left.unlink()
    with pytest.raises(CacheError, match="SA303"):
        list(sa.mix(loader, Tracer(mark=2), 0.5, cache=tmp_path / "good"))
