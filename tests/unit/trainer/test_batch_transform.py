"""Transforms of batches in real trainers: the same at each place of the run, whatever happens around it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import LightningDataModule, LightningModule
from torch.utils.data import DataLoader, Dataset, TensorDataset

import lightning_synthaug as sa
from lightning_synthaug.errors import ConfigError
from tests.helpers.recorder import trainer

REAL = TensorDataset(
    torch.rand(24, 1, 8, 8, generator=torch.Generator().manual_seed(1)), torch.arange(24)
)
MADE = TensorDataset(2 + torch.rand(24, 1, 8, 8), torch.arange(24))


class Noise(torch.nn.Module):
    """Draws from the global state, as kornia does; its scale is a buffer that has to be where the batch is."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("scale", torch.tensor(0.5))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images + self.scale * torch.rand_like(images)


class Keeping(LightningModule):
    """Keeps its batches by their number."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)
        self.seen: dict[int, Any] = {}
        self.drawn: list[float] = []

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        info = sa.batch_info(self)
        images = batch["x"] if isinstance(batch, dict) else batch[0]
        self.seen[info.number] = images.clone(), info.is_synthetic
        self.drawn.append(float(torch.rand(())))
        return self.layer(images.mean((1, 2, 3))[:, None]).mean()

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=1e-3)


def fitted(
    *, epochs: int = 2, workers: int = 0, path: Any = None, data: Any = REAL, **options: Any
) -> Any:
    aug = sa.SynthAug(MADE, 0.5, seed=5, **options)
    model = Keeping()
    torch.manual_seed(0)
    loader = DataLoader(data, 8, shuffle=True, num_workers=workers)
    runs = trainer(max_epochs=epochs, callbacks=[aug])
    runs.fit(model, loader, ckpt_path=path)
    return model, runs


def same(some: dict[int, Any], others: dict[int, Any]) -> bool:
    return all(torch.equal(some[n][0], others[n][0]) for n in others)


def test_the_place_in_the_run_decides_and_nothing_else(tmp_path: Path) -> None:
    plain = fitted()[0]
    whole = fitted(batch_transform=Noise())[0]
    assert list(whole.seen) == [*range(6)] and whole.drawn == plain.drawn
    added = [whole.seen[n][0] - plain.seen[n][0] for n in range(6)]
    assert all(a.min() >= 0 and 0.3 < a.max() <= 0.5 for a in added)
    assert len({round(float(a.sum()), 4) for a in added}) == 6
    assert same(whole.seen, fitted(batch_transform=Noise(), workers=2)[0].seen)
    first = fitted(epochs=1, batch_transform=Noise())[1]
    first.save_checkpoint(tmp_path / "saved.ckpt")
    rest = fitted(batch_transform=Noise(), path=tmp_path / "saved.ckpt")[0].seen
    assert list(rest) == [3, 4, 5] and same(whole.seen, rest)


@pytest.mark.parametrize("on", ["real", "synthetic"])
def test_only_some_rows_are_changed(on: Any) -> None:
    plain, some = fitted()[0], fitted(batch_transform=Noise(), transform_on=on)[0]
    for number, (images, synthetic) in some.seen.items():
        changed = (images != plain.seen[number][0]).flatten(1).any(1)
        assert torch.equal(changed, synthetic if on == "synthetic" else ~synthetic)


def test_kornia_crops_and_the_dataset_stays_as_it_is() -> None:
    kornia = pytest.importorskip("kornia.augmentation")
    before = REAL.tensors[0].clone()
    crops = kornia.RandomCrop((6, 6))
    seen = fitted(batch_transform=crops)[0].seen
    assert all(images.shape == (8, 1, 6, 6) for images, _ in seen.values())
    assert same(seen, fitted(batch_transform=kornia.RandomCrop((6, 6)))[0].seen)
    assert torch.equal(REAL.tensors[0], before)


class Named(Dataset[Any]):
    """Items that are dicts."""

    def __init__(self, images: torch.Tensor) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Any:
        return {"id": index, "x": self.images[index]}


class Data(LightningDataModule):
    """One train loader."""

    def train_dataloader(self) -> Any:
        return DataLoader(Named(REAL.tensors[0]), 8)


def test_dicts_and_the_data_module() -> None:
    model = Keeping()
    made = Named(MADE.tensors[0])
    data = sa.SynthAugDataModule(Data(), made, 0.5, seed=5, batch_transform=lambda x: x * 0 + 7)
    trainer(max_epochs=1).fit(model, datamodule=data)
    assert len(model.seen) == 3 and all((x == 7).all() for x, _ in model.seen.values())


@pytest.mark.parametrize(
    ("data", "function", "match"),
    [
        (
            REAL,
            lambda x: x[:3],
            r"same rows.*got \(float32\[3, 1, 8, 8\]\) for \(float32\[8, 1, 8, 8\]\)",
        ),
        (REAL, lambda x: x.half(), r"got \(float16"),
        (REAL, lambda x: [x, x], r"as many tensors"),
        (REAL, lambda x: None, r"got \(NoneType\)"),
    ],
)
def test_results_that_are_no_batch_are_refused(data: Any, function: Any, match: str) -> None:
    with pytest.raises(ConfigError, match=match + r".*SA612"):
        fitted(batch_transform=function, data=data)


def test_images_do_not_move_under_their_masks() -> None:
    masks = TensorDataset(REAL.tensors[0], torch.zeros(24, 8, 8))
    aug = sa.SynthAug(masks, 0.5, batch_transform=Noise())
    with pytest.raises(ConfigError, match=r"float32\[8, 1, 8, 8\], float32\[8, 8, 8\].*SA612"):
        trainer(max_epochs=1, callbacks=[aug]).fit(Keeping(), DataLoader(masks, 8))


class Segmenting(Keeping):
    """Moves masks with its images."""

    def __init__(self, both: Any) -> None:
        super().__init__()
        self.both = both

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        images, masks = sa.batch_info(self).transform(self.both, *batch)
        assert torch.equal(masks, (images % 2 > 0.5).float())
        return super().training_step((images, masks), batch_idx)


def test_kornia_moves_masks_with_images_where_the_step_asks() -> None:
    kornia = pytest.importorskip("kornia.augmentation")
    masked = [
        TensorDataset(part.tensors[0], (part.tensors[0] % 2 > 0.5).float()) for part in (REAL, MADE)
    ]
    seen = []
    for callback in (sa.SynthAug(masked[1], 0.5, seed=s) for s in (5, 5, 6)):
        both = kornia.AugmentationSequential(
            kornia.RandomHorizontalFlip(), kornia.RandomVerticalFlip(), data_keys=["input", "mask"]
        )
        model = Segmenting(both)
        trainer(max_epochs=1, callbacks=[callback]).fit(model, DataLoader(masked[0], 8))
        seen.append(model.seen)
    assert same(seen[0], seen[1])
    assert not same(seen[0], seen[2])


def test_what_is_no_function_is_refused_where_it_is_written() -> None:
    with pytest.raises(ConfigError, match=r"must be a module or a function.*got 'flip'.*SA612"):
        sa.SynthAug(MADE, 0.5, batch_transform="flip")
