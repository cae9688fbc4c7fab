"""A real training through `SynthAug`, with samples from a description and with variants of the real ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from lightning import pytorch as pl
from synthaug_diffusers import DiffusersImageToImage, DiffusersInpainting, DiffusersTextToImage
from torch import nn
from torch.utils.data import DataLoader, Dataset

import lightning_synthaug as sa
from lightning_synthaug.errors import DataError
from lightning_synthaug.store import Store

NAMES = ["ring", "disc"]


def to_tensor(image: np.ndarray[Any, Any]) -> torch.Tensor:
    return torch.from_numpy(image).float()[None] / 255


class Shapes(Dataset[tuple[torch.Tensor, int]]):
    """Grey images of rings and discs, in the style of torchvision."""

    def __init__(self, count: int) -> None:
        rows, columns = np.mgrid[:16, :16] - 7.5
        radius = np.hypot(rows, columns)
        rng = np.random.default_rng(0)
        shapes = [radius < 6, (radius < 6) & (radius > 3)]
        self.targets = [index % 2 for index in range(count)]
        self.images = [
            (shapes[1 - target] * rng.integers(150, 256, (16, 16))).astype(np.uint8)
            for target in self.targets
        ]
        self.transform = to_tensor

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return self.transform(self.images[index]), self.targets[index]


class Classifier(pl.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(256, 2))
        self.seen: list[tuple[str | None, int]] = []

    def training_step(self, batch: Any, _: int) -> torch.Tensor:
        images, labels = batch
        assert images.shape[1:] == (1, 16, 16)
        self.seen += zip(sa.batch_info(self).source, labels.tolist(), strict=True)
        return nn.functional.cross_entropy(self.net(images), labels)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def fit(generator: sa.Generator, folder: Path) -> Classifier:
    aug = sa.SynthAug({"painted": generator}, ratio=0.5, cache=folder / "cache", seed=7)
    trainer = pl.Trainer(
        max_epochs=2,
        accelerator="cpu",
        callbacks=[aug],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=folder,
    )
    model = Classifier()
    trainer.fit(model, DataLoader(Shapes(16), batch_size=4))
    return model


@pytest.mark.parametrize("kind", ["text", "image", "inpainting"])
def test_half_of_each_batch_is_painted(folders: Any, tmp_path: Path, kind: str) -> None:
    common: dict[str, Any] = {"class_names": NAMES, "steps": 3, "batch_size": 4}
    generators: dict[str, sa.Generator] = {
        "text": DiffusersTextToImage(folders(), size=(16, 16), mode="L", **common),
        "image": DiffusersImageToImage(folders(), strength=(0.4, 0.7), **common),
        "inpainting": DiffusersInpainting(folders(), strength=0.8, **common),
    }
    model = fit(generators[kind], tmp_path)
    painted = [label for source, label in model.seen if source == "painted"]
    assert (len(model.seen), len(painted)) == (32, 16)
    assert 0 < sum(painted) < 16
    with Store.open(tmp_path / "cache", create=False) as store:
        told = [sample.provenance for sample in store.samples()]
    assert {one["prompt"] for one in told} == {f"a photo of a {name}" for name in NAMES}


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"size": (16, 16)}, "16, 16, 3"),
        ({"size": (20, 16), "mode": "L"}, "20, 16"),
        ({"mode": "L"}, "32, 32"),
    ],
)
def test_images_of_another_form_than_the_data_set_are_refused(
    folders: Any, tmp_path: Path, form: dict[str, Any], said: str
) -> None:
    generator = DiffusersTextToImage(folders(), class_names=NAMES, steps=1, batch_size=4, **form)
    with pytest.raises(DataError, match=rf"(?s){said}\].*SA20[35]"):
        fit(generator, tmp_path)
