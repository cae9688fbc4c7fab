"""The sketch decoder of `gen-quickdraw-cvae-ml5`, written for TensorFlow.js.

Its weights keep the names and the axes of Keras; parameters take these names, and are turned where they are used.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

CONVOLUTIONS = {
    "conv2d_transpose_1": (32, 16),
    "conv2d_transpose_2": (16, 32),
    "conv2d_transpose_3": (1, 16),
}


class SketchDecoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        shapes = {"dense_5/kernel": (67, 784), "dense_5/bias": (784,)}
        for name, (outputs, inputs) in CONVOLUTIONS.items():
            shapes |= {f"{name}/kernel": (3, 3, outputs, inputs), f"{name}/bias": (outputs,)}
        for name, shape in shapes.items():
            self.register_parameter(name, nn.Parameter(torch.zeros(shape)))

    def part(self, name: str) -> Tensor:
        return self.get_parameter(name)

    def convolve(self, x: Tensor, name: str) -> Tensor:
        kernel = self.part(f"{name}/kernel").permute(3, 2, 0, 1)
        return F.conv_transpose2d(x, kernel, self.part(f"{name}/bias"), padding=1)

    def forward(self, z: Tensor, y: Tensor) -> Tensor:  # (n, 16) and (n,) to (n, 1, 28, 28)
        both = torch.cat([z, F.one_hot(y + 1, 51).to(z)], 1)  # class 0 of the network is no class
        x = F.relu(both @ self.part("dense_5/kernel") + self.part("dense_5/bias"))
        x = x.view(-1, 7, 7, 16).permute(0, 3, 1, 2)
        for name in list(CONVOLUTIONS)[:2]:
            x = F.interpolate(F.relu(self.convolve(x, name)), scale_factor=2)
        return torch.sigmoid(self.convolve(x, "conv2d_transpose_3"))
