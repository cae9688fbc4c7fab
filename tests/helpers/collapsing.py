"""A generator that makes one sample again and again, from some sample on, and real samples to hold it against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import TensorDataset

from lightning_synthaug.data import Record
from lightning_synthaug.generators import Conditioning, Generator, Rejection, Request

CLASSES, SIDE = 4, 8


def image(label: int, seed: int) -> np.ndarray[Any, Any]:
    """Noise with a bright row that tells the label."""
    pixels = np.random.default_rng(seed).integers(0, 256, (SIDE, SIDE), dtype=np.uint8)
    pixels[2 * label] = 255
    return pixels


def real_dataset(size: int) -> TensorDataset:
    """Images with labels in turn."""
    images = np.stack([image(i % CLASSES, 10**6 + i) for i in range(size)])
    return TensorDataset(torch.from_numpy(images)[:, None], torch.arange(size) % CLASSES)


class Turning(Generator):
    """Healthy for `after` samples, then the same for ever: one sample of each label.

    Args:
        after: Samples until then.
        only: The label whose samples become the same; None: all.
        per_label: Whether there is one for each label, or one for all of them.
    """

    batch_size = 32

    def __init__(
        self,
        after: int,
        *,
        only: int | None = None,
        per_label: bool = True,
        conditioning: Conditioning = "class",
        mark: str = "",
    ) -> None:
        self.after, self.only, self.per_label = after, only, per_label
        self.conditioning = conditioning
        self.mark = mark
        self.made = 0

    def fingerprint(self) -> str:
        return f"turning-{self.after}-{self.mark}"

    def generate(self, requests: Sequence[Request]) -> list[Record | Rejection]:
        return [self._one(r) for r in requests]

    def _one(self, request: Request) -> Record:
        self.made += 1
        label, seed = request.label, request.seed
        if self.made > self.after and self.only in (None, label):
            seed = 7
            shown = (label or 0) if self.per_label else 0
        else:
            shown = seed % CLASSES if label is None else label
        return Record({"image": image(shown, seed), "label": shown if label is None else label})
