"""What configuration files of tests name by import path: data modules, datasets, a transform."""

from __future__ import annotations

from typing import Any

import lightning.pytorch
import numpy as np
import pytorch_lightning
from torch.utils.data import DataLoader, Dataset

from tests.helpers.traced import Tracer, traced_dataset

SIZE = 24


def synthetic(size: int = 12, source: int = 2) -> Dataset[Any]:
    return traced_dataset(size, source=source)


def tracer(mark: int) -> Tracer:
    return Tracer(mark)


def unchanged(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return image


class LightningData(lightning.pytorch.LightningDataModule):
    def __init__(self, batch_size: int = 4) -> None:
        super().__init__()
        self.batch_size = batch_size

    def train_dataloader(self) -> DataLoader[Any]:
        return DataLoader(traced_dataset(SIZE), self.batch_size)


class PytorchLightningData(pytorch_lightning.LightningDataModule):
    def __init__(self, batch_size: int = 4) -> None:
        super().__init__()
        self.batch_size = batch_size

    def train_dataloader(self) -> DataLoader[Any]:
        return DataLoader(traced_dataset(SIZE), self.batch_size)


DATA: dict[str, type] = {
    "lightning.pytorch": LightningData,
    "pytorch_lightning": PytorchLightningData,
}
SYNTHAUG = {
    "lightning.pytorch": "lightning_synthaug.lightning",
    "pytorch_lightning": "lightning_synthaug.pytorch_lightning",
}
