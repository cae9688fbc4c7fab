"""The conditional GAN of `gen-mnist-cgan-barry`: its generator, as its weights name the parts."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class ConditionalGan(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.latent = nn.Sequential(nn.Linear(100, 6272))
        self.label = nn.Sequential(nn.Identity(), nn.Embedding(10, 50), nn.Linear(50, 49))
        self.upscale = nn.Sequential(
            nn.ConvTranspose2d(129, 128, 3, 2, 1, 1),
            nn.ReLU(),
            nn.ConvTranspose2d(128, 128, 3, 2, 1, 1),
            nn.ReLU(),
            nn.Conv2d(128, 1, 1),
        )

    def forward(self, z: Tensor, y: Tensor) -> Tensor:  # (n, 100) and (n,) to (n, 1, 28, 28)
        hidden = F.relu(self.latent(z)).view(-1, 7, 7, 128)
        both = torch.cat([hidden, self.label(y).view(-1, 7, 7, 1)], -1)
        return self.upscale(both.permute(0, 3, 1, 2))
