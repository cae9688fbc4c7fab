"""The conditional VAE of `gen-mnist-cvae-handwriter`; the encoder is there since the weights bring it along."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class ConditionalVae(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc21, self.fc22 = nn.Linear(794, 400), nn.Linear(400, 10), nn.Linear(400, 10)
        self.fc3, self.fc4 = nn.Linear(20, 400), nn.Linear(400, 784)

    def forward(self, z: Tensor, y: Tensor) -> Tensor:  # (n, 10) and (n, 10) to (n, 784)
        return torch.sigmoid(self.fc4(F.relu(self.fc3(torch.cat([z, y], 1)))))
