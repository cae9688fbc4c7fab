"""Real digits and pretrained generators of them, from a folder of data sets, and a judge that saw other digits."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch.nn import functional

import lightning_synthaug as sa
from lightning_synthaug.generators import request_seed

sys.path.append(str(Path(__file__).resolve().parents[1] / "examples"))

# Networks stand in the examples, where users look for them.
from fewshot.data import read_idx
from pretrained import load

__all__ = ["GENERATORS", "Judge", "load", "made", "mnist", "records"]


def mnist(data: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read the real digits: images of shape `(5000, 28, 28)`, uint8, and their labels."""
    return read_idx(data / "mnist-t10k-first5000")


def records(images: np.ndarray, labels: np.ndarray | None = None) -> list[sa.Record]:
    """Make records of images."""
    if labels is None:
        return [sa.Record({"image": image}) for image in images]
    return [
        sa.Record({"image": image, "label": int(label)})
        for image, label in zip(images, labels, strict=True)
    ]


def _flow(guidance: float) -> Callable[[Path], sa.Generator]:
    changes = {"module_args": {"guidance": guidance}, "name": f"flow, guidance {guidance:g}"}
    return lambda data: load(data / "gen-mnist-flowvit-sofia", **changes)["flow"]


GENERATORS: dict[str, Callable[[Path], sa.Generator]] = {
    "cgan": lambda data: load(data / "gen-mnist-cgan-barry")["cgan"],
    "cvae": lambda data: load(data / "gen-mnist-cvae-handwriter")["cvae"],
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
