"""The VAE of `gen-mnist-vae-gan-csinva`, and the GAN beside it that collapsed; neither takes a class."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Vae(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc21, self.fc22 = nn.Linear(784, 400), nn.Linear(400, 20), nn.Linear(400, 20)
        self.fc3, self.fc4 = nn.Linear(20, 400), nn.Linear(400, 784)

    def forward(self, z: Tensor) -> Tensor:  # (n, 20) to (n, 784)
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z))))


def collapsed_gan() -> nn.Module:  # (n, 64) to (n, 784)
    linear = nn.Linear
    return nn.Sequential(
        linear(64, 256), nn.ReLU(), linear(256, 256), nn.ReLU(), linear(256, 784), nn.Tanh()
    )
