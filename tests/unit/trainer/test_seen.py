from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from lightning.pytorch import LightningDataModule, LightningModule, Trainer
from torch.utils.data import ConcatDataset, DataLoader, Dataset, Subset, TensorDataset

import lightning_synthaug as sa
from lightning_synthaug.assets import demo_generator, digits_split
from lightning_synthaug.fitting import fit_cvae
from lightning_synthaug.trainer.seen import told_of_seen
from tests.helpers.fitted_language import TEXTS, fit_tiny

PARTS = digits_split()
MIXED = np.concatenate([PARTS.test.images[:30], PARTS.partner.images[:10]])


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> sa.TorchGenerator:
    partner = PARTS.partner
    return fit_cvae(
        partner.images,
        partner.labels,
        out=tmp_path_factory.mktemp("seen") / "f",
        epochs=1,
        held_out=0.0,
        device="cpu",
        progress=False,
    )


def tensors(images: np.ndarray) -> TensorDataset:
    pixels = torch.from_numpy(images).float()[:, None] / 255
    return TensorDataset(pixels, torch.zeros(len(images), dtype=torch.long))


class Files(Dataset[Any]):
    """Opens something for each sample."""

    opened = 0

    def __len__(self) -> int:
        return len(MIXED)

    def __getitem__(self, index: int) -> tuple[np.ndarray, int]:
        type(self).opened += 1
        return MIXED[index], 0


def test_it_is_told_of_any_loader(fitted: sa.TorchGenerator) -> None:
    sources = {"real": [1], "mine": fitted}
    clean, other = DataLoader(tensors(MIXED[:30])), DataLoader(Subset(tensors(MIXED), [0, 35]))
    text = told_of_seen(sources, [clean, other], "validation")
    assert text is not None
    assert "got 1 of 2 validation images looked at among those that 'mine' was fitted on" in text
    assert text.endswith("[SA741]")
    assert told_of_seen(sources, clean, "test") is None
    assert told_of_seen(sources, None, "test") is None
    assert told_of_seen({"demo": demo_generator()}, other, "test") is None
    both = DataLoader(ConcatDataset([tensors(MIXED[:5]), tensors(MIXED)]), num_workers=2)
    assert told_of_seen(sources, both, "test") is not None


def test_texts_that_were_fitted_on_are_found(tmp_path: Path) -> None:
    generator = fit_tiny(tmp_path, epochs=1, held_out=0.0)
    pairs = [("never seen", 4), (f" {TEXTS[3]}\n", 9)]
    assert sa.seen_samples(generator, pairs) == [1]
    told = told_of_seen({"mine": generator}, DataLoader(pairs, num_workers=2), "test")
    assert told is not None
    assert "training texts alone, got 1 of 2 test texts looked at among those that 'mine'" in told
    assert told_of_seen({"mine": generator}, DataLoader(pairs[:1]), "test") is None


def test_files_are_not_opened_before_their_workers(fitted: sa.TorchGenerator) -> None:
    Files.opened = 0
    assert told_of_seen({"mine": fitted}, DataLoader(Files(), num_workers=2), "test") is None
    assert Files.opened == 0
    assert told_of_seen({"mine": fitted}, DataLoader(Files()), "test") is not None


def test_what_cannot_be_read_is_passed_over(fitted: sa.TorchGenerator) -> None:
    numbers = TensorDataset(torch.zeros(4, 3), torch.zeros(4))
    assert told_of_seen({"mine": fitted}, DataLoader(numbers), "test") is None


def item(record: sa.Record) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.tensor(record["image"]).float()[None] / 255, torch.tensor(record["label"])


class Net(LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(64, 10)

    def training_step(self, batch: Any, _: int) -> torch.Tensor:
        return torch.nn.functional.cross_entropy(self.layer(batch[0].flatten(1)), batch[1])

    def validation_step(self, batch: Any, _: int) -> None: ...

    def test_step(self, batch: Any, _: int) -> None: ...

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), 0.1)


class Data(LightningDataModule):
    """Few digits to train on, and others of which some were fitted on."""

    def train_dataloader(self) -> Any:
        pool = PARTS.train_pool
        pixels = torch.from_numpy(pool.images).float()[:, None] / 255
        return DataLoader(TensorDataset(pixels, torch.from_numpy(pool.labels)), batch_size=32)

    def val_dataloader(self) -> Any:
        return DataLoader(tensors(MIXED), batch_size=8)

    test_dataloader = val_dataloader


@pytest.mark.parametrize("face", ["callback", "datamodule"])
@pytest.mark.parametrize("sanity", [0, 1])
def test_a_run_says_so_once_for_each_stage_before_anything_is_made(
    fitted: sa.TorchGenerator,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    face: str,
    sanity: int,
) -> None:
    options = {"ratio": 0.25, "item": item, "cache": tmp_path / "cache"}
    data: Any = Data() if face == "callback" else sa.SynthAugDataModule(Data(), fitted, **options)
    trainer = Trainer(
        max_epochs=2,
        accelerator="cpu",
        callbacks=[sa.SynthAug(fitted, **options)] if face == "callback" else [],
        num_sanity_val_steps=sanity,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    callbacks, model = list(trainer.callbacks), Net()  # type: ignore[attr-defined]
    trainer.fit(model, data)
    said = capsys.readouterr().err
    assert said.count("SA741") == 1
    assert "10 of 40 validation images" in said
    assert said.index("SA741") < said.index("making")
    trainer.test(model, data, verbose=False)
    assert "10 of 40 test images" in capsys.readouterr().err
    trainer.validate(model, data, verbose=False)
    assert trainer.callbacks == callbacks  # type: ignore[attr-defined]
