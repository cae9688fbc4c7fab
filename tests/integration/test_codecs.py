"""Compressed images in the cache: the batches are those of raw ones, or what a lossy codec makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from lightning.pytorch import LightningModule
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

import lightning_synthaug as sa
from lightning_synthaug.errors import ConfigError
from lightning_synthaug.store import Store
from tests.helpers.recorder import trainer
from tests.helpers.samples import pictures

REAL = pictures(32, side=24)
SAMPLES = len(REAL)


class Blobs(sa.Generator):
    """Soft coloured images of a class; how often it was asked is counted."""

    conditioning = "class"
    name = "blobs"

    def __init__(self) -> None:
        self.made = 0

    def fingerprint(self) -> str:
        return "blobs-1"

    def generate(self, requests: Sequence[sa.Request]) -> list[sa.Record | sa.Rejection]:
        self.made += len(requests)
        found = [pictures(2, side=24, seed=r.seed % 2**32)[int(r.label or 0)] for r in requests]
        return [f.replace(label=r.label) for f, r in zip(found, requests, strict=True)]


class Brightest(sa.Gate):
    """Keeps what it was shown."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def fingerprint(self) -> str:
        return "brightest-1"

    def judge(self, requests: Sequence[sa.Request], records: Sequence[sa.Record]) -> Any:
        from lightning_synthaug.data import Verdict

        self.seen += [r["image"] for r in records]
        return [Verdict(True) for _ in records]


class Keeping(LightningModule):
    """Keeps its batches."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Any] = []
        self.layer = torch.nn.Linear(3, 2)

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        self.seen.append([part.clone() for part in batch])
        images, labels = batch
        return functional.cross_entropy(self.layer(images.float().mean((2, 3))), labels)

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=1e-4)


def loader(workers: int = 0, **options: Any) -> DataLoader[Any]:
    images = torch.from_numpy(np.stack([np.moveaxis(r["image"], 2, 0) for r in REAL]))
    labels = torch.tensor([r["label"] for r in REAL])
    return DataLoader(TensorDataset(images, labels), 8, num_workers=workers, **options)


def batches(folder: Path, codec: str, source: Any = None, **options: Any) -> list[Any]:
    workers = options.pop("workers", 0)
    mixed = sa.mix(
        loader(workers), source or Blobs(), 0.5, cache=folder, codec=codec, seed=3, **options
    )
    return [[x.clone(), y.clone(), sa.batch_info(mixed).is_synthetic] for x, y in mixed]


def equal(some: list[Any], others: list[Any]) -> bool:
    pairs = zip(some, others, strict=True)
    return all(torch.equal(a, b) for one, two in pairs for a, b in zip(one, two, strict=True))


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("codec", ["png", "webp"])
def test_lossless_codecs_give_the_batches_of_raw_images(
    tmp_path: Path, codec: str, workers: int
) -> None:
    raw = batches(tmp_path / "raw", "raw")
    assert equal(raw, batches(tmp_path / "small", codec, workers=workers))
    sizes = [sum(p.stat().st_size for p in (tmp_path / f).glob("*.rows")) for f in ("raw", "small")]
    assert sizes[1] < sizes[0]
    again = Blobs()  # what nothing was lost of is the same sample, whatever wrote it
    assert equal(raw, batches(tmp_path / "small", "raw", again)) and not again.made


@pytest.mark.parametrize("codec", ["webp:80", "jpeg:80"])
def test_lossy_codecs_make_other_samples_and_the_same_each_time(tmp_path: Path, codec: str) -> None:
    raw = batches(tmp_path, "raw")
    other = Blobs()
    lossy = batches(tmp_path, codec, other)
    assert other.made  # although the cache has them raw
    assert equal(lossy, batches(tmp_path / "fresh", codec))
    for (x, y, synthetic), (kept, labels, same) in zip(raw, lossy, strict=True):
        assert torch.equal(synthetic, same) and torch.equal(y, labels)
        assert torch.equal(x[~synthetic], kept[~synthetic])
        off = (x[synthetic].int() - kept[synthetic].int()).abs().float()
        assert 0 < off.mean() < 12
    with Store.open(tmp_path) as store:
        told = [store.provenance(sample.key) or {} for sample in store.samples()]
    assert {one.get("codec") for one in told} == {None, codec}
    assert equal(raw, batches(tmp_path, "raw"))


def test_gates_judge_what_will_be_served(tmp_path: Path) -> None:
    gate = Brightest()
    served = batches(tmp_path, "jpeg:60", gates=gate)
    seen = {image.tobytes() for image in gate.seen}
    rows = [x[synthetic] for x, _, synthetic in served]
    assert all(np.moveaxis(i.numpy(), 0, 2).tobytes() in seen for x in rows for i in x)


def test_a_damaged_picture_is_stood_in_for_and_made_again(tmp_path: Path) -> None:
    planned = batches(tmp_path, "png")
    (rows,) = tmp_path.glob("*.rows")
    content = bytearray(rows.read_bytes())
    at = content.find(b"IDAT") + 12
    content[at] ^= 1
    rows.write_bytes(content)
    again = Blobs()
    served = batches(tmp_path, "png", again, on_miss="real")
    assert sum(int(s.sum()) for *_, s in served) == sum(int(s.sum()) for *_, s in planned) - 1
    assert equal(planned, batches(tmp_path, "png"))


@pytest.mark.parametrize("fill", ["ahead", "background"])
def test_the_callback_takes_a_codec(tmp_path: Path, fill: Any) -> None:
    aug = sa.SynthAug(
        Blobs(), 0.5, cache=tmp_path, codec="webp", fill=fill, on_miss="wait", device="cpu", seed=3
    )
    model = Keeping()
    trainer(max_epochs=1, callbacks=[aug]).fit(model, loader())
    planned = batches(tmp_path / "other", "raw")
    assert equal(model.seen, [[x, y] for x, y, _ in planned])
    kept = b"".join(p.read_bytes() for p in tmp_path.glob("*.rows"))
    assert b"WEBPVP8L" in kept


def test_an_unknown_codec_is_refused_where_it_is_written() -> None:
    with pytest.raises(ConfigError, match=r"got 'gif'.*SA311"):
        sa.SynthAug(Blobs(), 0.5, codec="gif")
