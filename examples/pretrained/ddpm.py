"""The diffusion model of `gen-mnist-ddpm-yichizz`, sampled in few steps.

Trained on 1,000 noise levels; the deterministic sampler of Song, Meng & Ermon (DDIM, arXiv:2010.02502) takes as many of
them as asked, and draws nothing but the first noise, so that a sample follows from its latent.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

LEVELS = 1000


class Block(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        convolution = nn.Conv2d(inputs, outputs, 7, padding=3)
        self.net = nn.Sequential(convolution, nn.LayerNorm((outputs, 28, 28)), nn.GELU())

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


class Noise(nn.Module):
    """Tell the noise in images, `(n, 1, 28, 28)`, at a time in (0, 1]."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            [
                Block(1, 16),
                Block(16, 32),
                Block(32, 32),
                Block(32, 16),
                nn.Conv2d(16, 1, 3, padding=1),
            ]
        )
        widths, layers = [32, 128, 128, 128, 16], []
        for i in range(4):
            layers += [nn.Linear(widths[i], widths[i + 1]), nn.GELU()]
        self.time_embed = nn.Sequential(*layers[:-1])
        self.register_buffer("frequencies", torch.zeros(16))

    def forward(self, x: Tensor, time: float) -> Tensor:
        phases = time * self.frequencies
        code = self.time_embed(torch.cat([phases.sin(), phases.cos() - 1]))
        x = self.blocks[0](x) + code[:, None, None]
        for block in self.blocks[1:]:
            x = block(x)
        return x


class Ddpm(nn.Module):
    def __init__(self, steps: int = 25) -> None:
        super().__init__()
        self.steps = steps
        self.gt = Noise()
        self.register_buffer("beta_t", torch.zeros(LEVELS + 1))
        self.register_buffer("alpha_t", torch.zeros(LEVELS + 1))

    def forward(self, z: Tensor) -> Tensor:  # noise to images, (n, 1, 28, 28), -0.5 to 0.5
        levels = torch.linspace(LEVELS, 0, self.steps + 1).round().int().tolist()
        x = z
        for level, lower in pairwise(levels):
            now = self.alpha_t[level]
            then = self.alpha_t[lower] if lower else torch.ones_like(now)
            noise = self.gt(x, level / LEVELS)
            clean = ((x - (1 - now).sqrt() * noise) / now.sqrt()).clamp(-0.5, 0.5)
            noise = (x - now.sqrt() * clean) / (1 - now).sqrt()
            x = then.sqrt() * clean + (1 - then).sqrt() * noise
        return x
