"""Real digits and pretrained generators of them, from a folder of data sets, and a judge that saw other digits."""

from __future__ import annotations

import gzip
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

import lightning_synthaug as sa
from lightning_synthaug.generators import request_seed

__all__ = ["GENERATORS", "Judge", "made", "mnist", "records"]


def mnist(data: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read the real digits: images of shape `(5000, 28, 28)`, uint8, and their labels."""
    folder = data / "mnist-t10k-first5000"
    read = {
        kind: gzip.decompress(next(folder.glob(f"*{kind}*.gz")).read_bytes())
        for kind in ("images", "labels")
    }
    images = np.frombuffer(read["images"], np.uint8, offset=16).reshape(-1, 28, 28)
    return images, np.frombuffer(read["labels"], np.uint8, offset=8).astype(np.int64)


def records(images: np.ndarray, labels: np.ndarray | None = None) -> list[sa.Record]:
    """Make records of images."""
    if labels is None:
        return [sa.Record({"image": image}) for image in images]
    return [
        sa.Record({"image": image, "label": int(label)})
        for image, label in zip(images, labels, strict=True)
    ]


class ConditionalGan(nn.Module):
    """The network of `gen-mnist-cgan-barry`."""

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

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """Make images of shape `(n, 1, 28, 28)`."""
        h = functional.relu(self.latent(z)).view(-1, 7, 7, 128)
        both = torch.cat([h, self.label(y).view(-1, 7, 7, 1)], -1)
        made: Tensor = self.upscale(both.permute(0, 3, 1, 2))
        return made


class ConditionalVae(nn.Module):
    """The decoder of `gen-mnist-cvae-handwriter`."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc21, self.fc22 = nn.Linear(794, 400), nn.Linear(400, 10), nn.Linear(400, 10)
        self.fc3, self.fc4 = nn.Linear(20, 400), nn.Linear(400, 784)

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """Make images of shape `(n, 1, 28, 28)`; `y` is one-hot."""
        h = functional.relu(self.fc3(torch.cat([z, y], 1)))
        return torch.sigmoid(self.fc4(h)).view(-1, 1, 28, 28)


class Flow(nn.Module):
    """The network and the sampler of `gen-mnist-flowvit-sofia`."""

    def __init__(self, guidance: float = 1.0, steps: int = 25) -> None:
        super().__init__()
        self.guidance, self.steps = guidance, steps
        self.patch_embed = nn.Conv2d(1, 64, 7, 7)
        self.pos_embed = nn.Parameter(torch.zeros(1, 16, 64))
        self.y_encoder = nn.Embedding(11, 128)
        self.transformer = nn.ModuleList(
            nn.TransformerEncoderLayer(64, 4, 256, activation="gelu", batch_first=True)
            for _ in range(4)
        )
        self.unpatch = nn.ConvTranspose2d(64, 1, 7, 7)

    def _clean(self, x: Tensor, time: float, y: Tensor) -> Tensor:
        """Predict the clean image."""
        angles = time * torch.exp(-torch.arange(64) * math.log(10_000) / 63)
        code = torch.cat([angles.sin(), angles.cos()]).view(1, 2, 64).expand(len(x), 2, 64)
        patches = self.patch_embed(x).flatten(2).transpose(1, 2) + self.pos_embed
        tokens = torch.cat([patches, code, self.y_encoder(y).view(-1, 2, 64)], 1)
        for layer in self.transformer:
            tokens = layer(tokens)
        clean: Tensor = self.unpatch(tokens[:, :16].transpose(1, 2).reshape(-1, 64, 4, 4))
        return clean

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """Make images of shape `(n, 1, 28, 28)` of noise, by Euler steps."""
        x = z
        for step in range(self.steps):
            time = step / self.steps
            speed = (self._clean(x, time, y) - x) / (1 - time)
            if self.guidance != 1 and 0.3 < time < 0.7:
                free = (self._clean(x, time, torch.full_like(y, 10)) - x) / (1 - time)
                speed = self.guidance * speed + (1 - self.guidance) * free
            x = x + speed / self.steps
        return x


def _gan(data: Path) -> sa.Generator:
    weights = data / "gen-mnist-cgan-barry" / "netG.safetensors"
    return sa.TorchGenerator(
        weights, module=ConditionalGan, latent=100, classes=10, output_range=(0.0, 1.0), name="cgan"
    )


def _vae(data: Path) -> sa.Generator:
    weights = data / "gen-mnist-cvae-handwriter" / "cvae_mnist.safetensors"
    return sa.TorchGenerator(
        weights,
        module=ConditionalVae,
        latent=10,
        classes=10,
        label_input="onehot",
        output_range=(0.0, 1.0),
        name="cvae",
    )


def _flow(guidance: float) -> Callable[[Path], sa.Generator]:
    def make(data: Path) -> sa.Generator:
        return sa.TorchGenerator(
            data / "gen-mnist-flowvit-sofia" / "DiffusionViT_mnist.safetensors",
            module=Flow,
            module_args={"guidance": guidance},
            latent=(1, 28, 28),
            classes=10,
            output_range=(0.0, 1.0),
            name=f"flow, guidance {guidance:g}",
        )

    return make


GENERATORS: dict[str, Callable[[Path], sa.Generator]] = {
    "cgan": _gan,
    "cvae": _vae,
    "flow 1": _flow(1.0),
    "flow 2": _flow(2.0),
}
"""What makes each generator from the folder of data sets."""


def made(generator: sa.Generator, count: int) -> tuple[list[sa.Request], list[sa.Record]]:
    """Have samples made, of each label as many."""
    requests = [
        sa.Request(label=i % 10, number=i // 10, seed=request_seed(0, label=i % 10, number=i // 10))
        for i in range(count)
    ]
    generator.load("cpu")
    answers: list[Any] = generator.generate(requests)
    generator.unload()
    return requests, answers


class Judge:
    """The LeNet of `gen-mnist-vae-gan-csinva`, which learnt from the 60,000 training digits of MNIST."""

    def __init__(self, data: Path) -> None:
        weights = load_file(
            data / "gen-mnist-vae-gan-csinva" / "mnist_lenet_classifier.safetensors"
        )
        self._layers = {
            name: [weights[k] for k in sorted(weights, reverse=True) if f".{name}." in k]
            for name in ("c1", "c3", "c5", "f6", "f7")
        }

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Tell which digits images show."""
        x = torch.from_numpy(images.astype(np.float32) / 255)[:, None]
        x = functional.interpolate(x, (32, 32), mode="bilinear")
        for name in ("c1", "c3"):
            x = functional.max_pool2d(functional.relu(functional.conv2d(x, *self._layers[name])), 2)
        x = functional.relu(functional.conv2d(x, *self._layers["c5"])).flatten(1)
        x = functional.relu(functional.linear(x, *self._layers["f6"]))
        return functional.linear(x, *self._layers["f7"]).argmax(1).numpy()
