"""Loaders without an index: the composition is exact, and goes on after a resume as far as the stream does."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

import lightning_synthaug as sa
from lightning_synthaug.errors import PlanError, ResumeMismatch
from tests.helpers.recorder import lightning_version, recorder, saver, trainer
from tests.helpers.streams import Batches, SizedStream, Stream, sums, synthetic
from tests.helpers.traced import CLASSES, Sample, Tracer, read, traced_dataset

ROOT = Path(__file__).resolve().parents[2]
SIZE, BATCH, BATCHES = 45, 8, 6
SOURCE = traced_dataset(20, source=1)
LABELS = range(CLASSES)
SIZES = [8, 5, 8, 3, 7, 8]

# What Lightning and torchdata say of any such stream.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Your `IterableDataset` has `__len__` defined"),
    pytest.mark.filterwarnings("ignore:'set_vital' is deprecated"),
]


def train(
    loader: Any,
    source: Any = SOURCE,
    *,
    ratio: Any = 0.3,
    folder: Path | None = None,
    every: int = 1,
    resume: Path | None = None,
    stepping: bool = False,
    cache: Path | None = None,
    options: dict[str, Any] | None = None,
    **limits: Any,
) -> dict[int, list[Sample]]:
    """Train; the delivered stream."""
    model = recorder(stepping=stepping)
    aug = sa.SynthAug(source, ratio, cache=cache, **(options or {}))
    callbacks = [aug] if folder is None else [saver(folder, every), aug]
    run = trainer(callbacks=callbacks, **({"max_epochs": 2} | limits))
    run.fit(model, loader, ckpt_path=resume)
    seen: dict[int, list[Sample]] = model.seen
    return seen


@pytest.mark.case(14)
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("kind", [Stream, SizedStream])
def test_the_composition_is_exact_and_real_rows_stay_in_place(kind: Any, workers: int) -> None:
    """Case 14."""
    loader = DataLoader(kind(SIZE), BATCH, num_workers=workers)
    seen = train(loader)
    plain = [read(images) for images, _ in loader] * 2
    assert len(seen) == len(plain)
    assert all(made == int(0.3 * rows + 1e-6) for rows, made in sums(seen))
    for rows, real in zip(seen.values(), plain, strict=True):
        assert [s for s in rows if not s.source] == [
            r for s, r in zip(rows, real, strict=True) if not s.source
        ]


def test_generated_rows_take_the_labels_of_the_rows_they_displace(tmp_path: Path) -> None:
    log = tmp_path / "log"
    source = Tracer(labels=LABELS, log=str(log))
    seen = train(Batches(SIZES), source, cache=tmp_path / "cache", options={"pool": 4})
    samples = Batches(SIZES).samples.tensors[1].tolist() * 2
    rows = [s for n in sorted(seen) for s in seen[n]]
    assert [s.label for s in rows] == samples
    assert sum(s.source for s in rows) == int(0.3 * len(rows))
    assert {s.index for s in rows if s.source} <= set(range(4))
    assert len(log.read_text().splitlines()) == 4 * CLASSES  # once each, whatever was served


@pytest.mark.parametrize("stepping", [False, True], ids=["", "stepping"])
@pytest.mark.parametrize("step", [2, 6, 7])
def test_a_resumed_run_goes_on_with_the_same_composition(
    tmp_path: Path, stepping: bool, step: int
) -> None:
    """Lightning fetches one batch before the checkpoint is restored, where the model asks for the number of steps."""
    ramp = sa.Linear(0.0, 1.0, over="9ba")
    limits = {"max_epochs": 3, "max_steps": 12, "stepping": stepping, "ratio": ramp}
    whole = train(Batches(SIZES), folder=tmp_path, **limits)
    assert sorted(whole) == list(range(12))
    rest = train(Batches(SIZES), resume=tmp_path / f"step={step}.ckpt", **limits)
    # Where the stream begins anew in the middle of an epoch, batches have other sizes: rows tell, not batches.
    flat = [s for n in sorted(whole) for s in synthetic(whole)[n]]
    start = sum(len(whole[n]) for n in range(step))
    again = [s for n in sorted(rest) for s in synthetic(rest)[n]]
    common = min(len(flat) - start, len(again))
    assert min(rest) == step
    assert common > 20
    assert again[:common] == flat[start : start + common]


def test_a_checkpoint_is_plain_and_another_stream_is_refused(tmp_path: Path) -> None:
    train(Batches(SIZES), folder=tmp_path)
    checkpoint = tmp_path / "step=3.ckpt"
    saved = torch.load(checkpoint, weights_only=True)
    assert saved["callbacks"]["SynthAug"]["stream"] == {"batches": 3, "rows": 21, "batch_rows": 8}
    with pytest.raises(
        ResumeMismatch, match=r"(?s)ratio\n +checkpoint: +Constant\(value=0.3.*SA116"
    ):
        train(Batches(SIZES), ratio=0.6, resume=checkpoint)
    kept = train(Batches(SIZES), ratio=0.6, resume=checkpoint, options={"on_mismatch": "keep"})
    assert sums(kept)[-1][1] == int(0.3 * (21 + sums(kept)[-1][0])) - int(0.3 * 21)
    rescaled = train(
        Batches(SIZES), ratio=0.6, resume=checkpoint, options={"on_mismatch": "rescale"}
    )
    assert abs(sums(rescaled)[-1][1] - 0.6 * sums(rescaled)[-1][0]) < 1


@pytest.mark.case(15)
def test_a_loader_of_its_own_kind_is_left_to_iterate() -> None:
    """Case 15: a DataLoader with an `__iter__` of its own, and any iterable of batches in a plain loop."""

    class Brighter(DataLoader[Any]):
        def __iter__(self) -> Any:
            for images, labels in super().__iter__():
                images[:, :, 1:] = 255
                yield images, labels

    model = recorder()
    aug = sa.SynthAug(SOURCE, 0.5)
    data = traced_dataset(SIZE)
    trainer(max_epochs=1, callbacks=[aug]).fit(model, Brighter(data, BATCH))
    assert sums(model.seen)[-1] == (45, 22)
    batches = list(Batches(SIZES))
    before = [[t.clone() for t in batch] for batch in batches]
    mixed = sa.mix(batches, SOURCE, 0.5)
    told = [int(sa.batch_info(mixed).is_synthetic.sum()) for _ in range(2) for _ in mixed]
    assert sum(told) == sum(SIZES)
    for old, new in zip(before, batches, strict=True):  # the user's batches are not changed
        assert all(torch.equal(a, b) for a, b in zip(old, new, strict=True))


def test_at_ratio_0_the_users_batches_and_random_states_are_untouched() -> None:
    batches = list(Batches(SIZES))
    mixed = sa.mix(batches, SOURCE, 0.0)
    assert all(a is b for a, b in zip(batches, mixed, strict=True))
    states = []
    for ratio in (None, 0.0):
        torch.manual_seed(0)
        loader = DataLoader(Stream(SIZE), BATCH, num_workers=2)
        list(loader if ratio is None else sa.mix(loader, SOURCE, ratio))
        states.append(torch.get_rng_state())
    assert torch.equal(*states)


def test_a_plain_loop_goes_on_from_its_state() -> None:
    def rest(mixed: Any) -> list[Any]:
        return [[s if s.source else None for s in read(batch[0])] for batch in mixed]

    whole = sa.mix(Batches(SIZES), SOURCE, 0.4)
    first, second = rest(whole), rest(whole)
    stopped = sa.mix(Batches(SIZES), SOURCE, 0.4)
    for n, _ in enumerate(stopped):
        if n == 5:
            state = json.loads(json.dumps(stopped.state_dict()))
            break
    again = sa.mix(Batches(SIZES), SOURCE, 0.4)
    again.load_state_dict(state)
    assert rest(again) == second
    assert first != second
    with pytest.raises(PlanError, match=r"must hold the course of a run.*SA110"):
        again.load_state_dict({"batches": 3, "fingerprint": {}})
        next(iter(again))


def test_a_second_fit_of_one_trainer_goes_on() -> None:
    aug, model = sa.SynthAug(SOURCE, 0.3), recorder()
    run, loader = trainer(max_epochs=1, callbacks=[aug]), Batches(SIZES)
    run.fit(model, loader)
    run.fit_loop.max_epochs = 2
    run.fit(model, loader)
    assert sorted(model.seen) == list(range(12))


def test_two_ranks_share_one_composition_and_one_cache(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.helpers.stream_ranks"]
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path}
    ranks = [
        subprocess.Popen([*command, str(rank), str(tmp_path)], cwd=ROOT, env=environment)
        for rank in range(2)
    ]
    try:
        assert [rank.wait(timeout=120) for rank in ranks] == [0, 0]
    finally:
        for rank in ranks:
            rank.kill()
            rank.wait()
    told = [json.loads((tmp_path / f"rank{rank}.json").read_text()) for rank in range(2)]
    assert [misses for _, misses in told] == [0, 0]
    made = [[sum(source > 0 for source, *_ in rows) for rows in batches] for batches, _ in told]
    sums = [sum(pair) for pair in zip(*made, strict=True)]
    integral = [(8 * n) ** 2 / 96 for n in range(7)]
    assert all(abs(sum(sums[:n]) - exact) < 1 + 1e-6 for n, exact in enumerate(integral))
    assert all(abs(a - b) <= 1 for a, b in zip(*made, strict=True))
    assert len((tmp_path / "log").read_text().splitlines()) == 3 * CLASSES  # made once, by one


def test_epochs_of_a_stream_without_length_are_not_known() -> None:
    ramp = sa.Linear(0.0, 1.0, over="1ep")
    with pytest.raises(PlanError, match=r'time in epochs, got "ep".*SA646'):
        train(Batches(SIZES), ratio=ramp)
    seen = train(Batches(SIZES), ratio=ramp, limit_train_batches=4)
    assert len(seen) == 8
    assert all(s.source for n in range(5, 8) for s in seen[n])
    with pytest.raises(PlanError, match=r"without a known end.*SA106"):
        train(Batches(SIZES), ratio=sa.Linear(0.0, 1.0, over="50%"))
    train(Batches(SIZES), ratio=sa.Linear(0.0, 1.0, over="50%"), max_epochs=-1, max_steps=7)


def test_one_of_several_loaders_streams() -> None:
    seen: list[list[Sample]] = []
    base: Any = type(recorder())

    class Two(base):  # type: ignore[misc]
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            seen.append(read(batch["a"][0]))
            return super().training_step(batch["a"], batch_idx)

    loaders = {"a": Batches(SIZES), "b": DataLoader(traced_dataset(16), 4)}
    aug = sa.SynthAug(SOURCE, 0.5, target="a")
    trainer(max_epochs=1, callbacks=[aug]).fit(Two(), loaders)
    assert sum(s.source for rows in seen for s in rows) == sum(SIZES) // 2


@pytest.mark.parametrize("framework", ["accelerate", "fabric"])
def test_what_a_framework_made_of_a_stream(framework: str) -> None:
    user = DataLoader(Stream(SIZE), BATCH)
    if framework == "accelerate":
        accelerate = pytest.importorskip("accelerate")
        options = accelerate.DataLoaderConfiguration(dispatch_batches=False)
        made = accelerate.Accelerator(cpu=True, dataloader_config=options).prepare(user)
    else:
        fabric = pytest.importorskip("lightning.fabric").Fabric(accelerator="cpu", devices=1)
        made = fabric.setup_dataloaders(user)
    mixed = sa.mix(made, SOURCE, 0.3)
    for _ in range(2):
        for images, _ in mixed:
            told = sa.batch_info(mixed).is_synthetic.tolist()
            assert told == [s.source > 0 for s in read(images)]
    totals = mixed.feed.totals
    assert (totals.rows, totals.served) == (2 * SIZE, int(0.3 * 2 * SIZE))


@pytest.mark.skipif(
    lightning_version() < (2, 5),
    reason="Lightning before 2.2 does not save the state of a loader, and before 2.5 trains an epoch of a stateful "
    "stream again that was saved at its last batch",
)
def test_a_stateful_loader_over_a_stream_keeps_its_own_state(tmp_path: Path) -> None:
    stateful = pytest.importorskip("torchdata.stateful_dataloader")

    def loader() -> Any:
        return stateful.StatefulDataLoader(Stream(SIZE), BATCH)

    limits = {"ratio": sa.Linear(0.0, 1.0, over="9ba")}
    whole = train(loader(), folder=tmp_path, **limits)
    assert sorted(whole) == list(range(2 * BATCHES))
    rest = train(loader(), resume=tmp_path / "step=6.ckpt", **limits)
    assert rest == {n: rows for n, rows in whole.items() if n >= 6}
    mixed = sa.mix(loader(), SOURCE, 0.4)
    batches = iter(mixed)
    next(batches), next(batches)
    again = sa.mix(loader(), SOURCE, 0.4)
    again.load_state_dict(mixed.state_dict())
    assert [read(b[0]) for b in again] == [read(b[0]) for b in batches]


@pytest.mark.case(17)
def test_a_stateful_loader_over_a_dataset_is_planned() -> None:
    stateful = pytest.importorskip("torchdata.stateful_dataloader")
    data = traced_dataset(SIZE)
    for options in ({"shuffle": True}, {"shuffle": False, "drop_last": True}):
        planned = [
            [read(batch[0]) for batch in sa.mix(kind(data, BATCH, **options), SOURCE, 0.4, seed=1)]
            for kind in (DataLoader, stateful.StatefulDataLoader)
        ]
        assert planned[0] == planned[1]


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # it leaves its file open
def test_webdataset(tmp_path: Path) -> None:
    wds = pytest.importorskip("webdataset")
    path = tmp_path / "shard.tar"
    with tarfile.open(path, "w") as tar:
        for i, (image, label) in enumerate(traced_dataset(SIZE)):
            array = io.BytesIO()
            np.save(array, image.numpy())
            for name, data in (("npy", array.getvalue()), ("cls", str(int(label)).encode())):
                info = tarfile.TarInfo(f"{i:04}.{name}")
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
    dataset = wds.WebDataset(str(path), shardshuffle=False).decode().to_tuple("npy", "cls")
    by_loader = wds.WebLoader(dataset, batch_size=BATCH)
    by_stream = wds.WebLoader(dataset.batched(BATCH), batch_size=None)
    for loader in by_loader, by_stream:
        source = Tracer(labels=LABELS)
        mixed = sa.mix(loader, source, 0.5, cache=tmp_path / "cache", pool=3)
        rows = [s for images, _ in mixed for s in read(torch.as_tensor(images))]
        assert [s.label for s in rows] == traced_dataset(SIZE).tensors[1].tolist()
        assert sum(s.source for s in rows) == SIZE // 2


def test_a_sampler_that_yields_batches_as_lhotse_has_them(tmp_path: Path) -> None:
    """Dicts within dicts, features of other lengths in each batch, and labels that only the user finds."""

    class Cuts:
        def __getitem__(self, cuts: list[int]) -> dict[str, Any]:
            features = torch.zeros(len(cuts), max(cuts), 2)
            return {"inputs": features, "supervisions": {"speaker": torch.tensor(cuts) % 3}}

    class Clips:
        def __len__(self) -> int:
            return 8

        def __getitem__(self, index: int) -> dict[str, Any]:
            return {"inputs": torch.ones(4, 2), "supervisions": {"speaker": index}}

    sampler = [[4, 1, 2, 4], [2, 5, 1], [4, 4]]
    loader = DataLoader(Cuts(), batch_size=None, sampler=sampler)  # type: ignore[arg-type]
    mixed = sa.mix(loader, Clips(), 0.5)
    served = [sa.batch_info(mixed).is_synthetic.tolist() for _ in mixed]
    # A clip of four frames fits batches that are padded to four.
    assert served == [[False, True, False, True], [False] * 3, [True, False]]
    assert mixed.feed.totals.misses == 1


def as_hugging_face_does(record: Any) -> dict[str, torch.Tensor]:
    """Its format "torch" makes int64 of all whole numbers, and records are uint8."""
    pixels = torch.from_numpy(record["image"][None].copy()).long()
    return {"pixel_values": pixels, "labels": torch.tensor(record["label"])}


def test_hugging_face_streams_give_dicts(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")

    def rows() -> Any:
        for image, label in traced_dataset(SIZE):
            yield {"pixel_values": image.numpy(), "labels": int(label)}

    stream = datasets.IterableDataset.from_generator(rows).with_format("torch")
    loader = DataLoader(stream, BATCH)
    options = {"cache": tmp_path / "cache", "pool": 3, "item": as_hugging_face_does}
    mixed = sa.mix(loader, Tracer(labels=LABELS), 0.5, **options)
    seen = [(read(b["pixel_values"]), b["labels"].tolist()) for b in mixed]
    assert all([s.label for s in samples] == labels for samples, labels in seen)
    assert sum(s.source for samples, _ in seen for s in samples) == SIZE // 2


class Once:
    """A stream that is read as soon as it is asked for, and only once."""

    def __init__(self, size: int) -> None:
        self.rows = iter(traced_dataset(size))
        self.begun = 0

    def __iter__(self) -> Any:
        self.begun += 1
        ahead = [next(self.rows) for _ in range(4)]
        return iter([*ahead, *self.rows])


def test_a_stream_is_begun_once_a_pass() -> None:
    class Batched:
        """Batches of what can be read once."""

        def __init__(self) -> None:
            self.once = Once(24)

        def __iter__(self) -> Any:
            rows = list(iter(self.once))
            return iter(
                [torch.utils.data.default_collate(rows[i : i + 4]) for i in range(0, 24, 4)]
            )

    loader = Batched()
    seen = train(loader, ratio=0.0, max_epochs=1)
    assert loader.once.begun == 1
    assert [s.index for n in sorted(seen) for s in seen[n]] == list(range(24))
