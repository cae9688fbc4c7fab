"""The project that README's first lines are added to; importing it leaves the weights in the current folder."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from lightning.pytorch import LightningDataModule, LightningModule
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset


class MyGAN(nn.Module):
    """Stands for a pretrained generator of 8x8 images of ten classes."""

    def __init__(self) -> None:
        super().__init__()
        self.latent, self.label = nn.Linear(100, 64), nn.Embedding(10, 64)

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        return torch.tanh(self.latent(z) + self.label(y)).view(-1, 1, 8, 8)


class Model(LightningModule):
    """A classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(64, 10)

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        x, y = batch
        return F.cross_entropy(self.head(x.flatten(1)), y)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


class Data(LightningDataModule):
    """Images in [0, 1] with labels; 50 batches an epoch, below which Lightning's logging warns."""

    def train_dataloader(self) -> DataLoader[tuple[Tensor, ...]]:
        images = torch.rand(400, 1, 8, 8, generator=torch.Generator().manual_seed(0))
        return DataLoader(TensorDataset(images, torch.arange(400) % 10), batch_size=8, shuffle=True)


save_file(MyGAN().state_dict(), "gan.safetensors")
model, datamodule = Model(), Data()
