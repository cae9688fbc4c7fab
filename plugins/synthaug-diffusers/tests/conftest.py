"""Real pipelines of random weights, written once, and real samples to begin from."""

from __future__ import annotations

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
from synthaug_diffusers import random_pipeline

from lightning_synthaug.data.record import Record
from lightning_synthaug.generators import Request, request_seed

Folders: TypeAlias = Callable[..., Path]


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """A function that returns the folder of a pipeline of a kind and seed."""
    root = tmp_path_factory.mktemp("pipelines")

    def folder(kind: Any = "text", seed: int = 0) -> Path:
        place = root / f"{kind}-{seed}"
        return place if place.exists() else random_pipeline(place, kind=kind, seed=seed)

    return folder


@pytest.fixture(scope="session")
def controlnet(folders: Folders, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a ControlNet for the pipeline of kind text, as training leaves it: its last layers are not zero."""
    import diffusers
    import torch

    unet = diffusers.UNet2DConditionModel.from_pretrained(folders(), subfolder="unet")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = diffusers.ControlNetModel.from_unet(
            unet, conditioning_embedding_out_channels=(16, 32)
        )
        for name, weight in network.named_parameters():
            if "controlnet" in name or "conv_out" in name:
                torch.nn.init.normal_(weight, std=0.1)
    place = tmp_path_factory.mktemp("controlnet")
    network.save_pretrained(place, safe_serialization=True)
    return place


def twin(index: int, side: int = 28) -> Record:
    """A real sample: a colour image, a mask that covers its left half, a label."""
    rng = np.random.default_rng(index)
    mask = np.zeros((side, side), np.uint8)
    mask[:, : side // 2] = 3
    image = rng.integers(0, 256, (side, side, 3), dtype=np.uint8)
    return Record({"image": image, "mask": mask, "label": index % 2})


@pytest.fixture
def twins() -> list[Request]:
    """Requests for variants of five real samples."""
    samples = [twin(index) for index in range(5)]
    return [
        Request(
            label=None,
            number=0,
            twin=sample,
            seed=request_seed(0, label=None, number=0, twin_digest=sample.digest()),
        )
        for sample in samples
    ]


@pytest.fixture
def labelled() -> list[Request]:
    """Requests for five samples of two labels."""
    return [
        Request(label=n % 2, number=n, seed=request_seed(0, label=n % 2, number=n))
        for n in range(5)
    ]
