"""The flow-matching transformer of `gen-mnist-flowvit-sofia`, with classifier-free guidance."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class Flow(nn.Module):
    def __init__(self, guidance: float = 1.0, steps: int = 25) -> None:
        super().__init__()
        self.guidance, self.steps = guidance, steps
        self.patch_embed = nn.Conv2d(1, 64, 7, 7)
        self.pos_embed = nn.Parameter(torch.zeros(1, 16, 64))
        self.y_encoder = nn.Embedding(11, 128)  # the last class is "any"
        self.transformer = nn.ModuleList(
            nn.TransformerEncoderLayer(64, 4, 256, activation="gelu", batch_first=True)
            for _ in range(4)
        )
        self.unpatch = nn.ConvTranspose2d(64, 1, 7, 7)

    def clean(self, x: Tensor, time: float, y: Tensor) -> Tensor:
        angles = time * torch.exp(-torch.arange(64, device=x.device) * math.log(10_000) / 63)
        code = torch.cat([angles.sin(), angles.cos()]).view(1, 2, 64).expand(len(x), 2, 64)
        patches = self.patch_embed(x).flatten(2).transpose(1, 2) + self.pos_embed
        tokens = torch.cat([patches, code, self.y_encoder(y).view(-1, 2, 64)], 1)
        for layer in self.transformer:
            tokens = layer(tokens)
        return self.unpatch(tokens[:, :16].transpose(1, 2).reshape(-1, 64, 4, 4))

    def forward(self, z: Tensor, y: Tensor) -> Tensor:  # noise (n, 1, 28, 28) and (n,) to images
        x = z
        for step in range(self.steps):  # of Euler
            time = step / self.steps
            speed = (self.clean(x, time, y) - x) / (1 - time)
            if self.guidance != 1 and 0.3 < time < 0.7:
                free = (self.clean(x, time, torch.full_like(y, 10)) - x) / (1 - time)
                speed = self.guidance * speed + (1 - self.guidance) * free
            x = x + speed / self.steps
        return x
