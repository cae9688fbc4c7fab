"""Samples that say in their pixels where they come from, so that a stream can be held against its plan."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.utils.data import TensorDataset

from lightning_synthaug.data import Record
from lightning_synthaug.generators import Generator, Rejection, Request
from lightning_synthaug.plan import Plan

CLASSES = 3
SIDE = 6  # neither a number of channels nor of classes


class Sample(NamedTuple):
    """Source number (0: real), label, and the number within the dataset or, if generated, the label."""

    source: int
    label: int
    index: int


def pixels(sample: Sample, noise: int = 0) -> np.ndarray:
    image = np.random.default_rng(noise).integers(0, 256, (SIDE, SIDE), dtype=np.uint8)
    image[0, :4] = [sample.source, sample.label, sample.index // 256 % 256, sample.index % 256]
    return image


def read(images: torch.Tensor) -> list[Sample]:
    """Who is in a batch of images of shape `(n, 1, SIDE, SIDE)`."""
    heads = images[:, 0, 0].long().tolist()
    return [Sample(source, label, high * 256 + low) for source, label, high, low, *_ in heads]


def traced_dataset(size: int, *, source: int = 0) -> TensorDataset:
    """Images whose labels are uneven: more of label 0 than of the others."""
    labels = [i % CLASSES if i % 2 else 0 for i in range(size)]
    images = np.stack([pixels(Sample(source, y, i)) for i, y in enumerate(labels)])
    return TensorDataset(torch.from_numpy(images)[:, None], torch.tensor(labels))


class Tracer(Generator):
    """Make images that carry the request; class-conditional, deterministic, without a network.

    `log` gets one line a sample made; `reject` of the requests are turned down at their first attempt.
    """

    conditioning = "class"
    batch_size = 4

    def __init__(
        self,
        mark: int = 1,
        *,
        labels: Sequence[int] | None = None,
        log: str | None = None,
        reject: int = 0,
    ) -> None:
        self.mark = mark
        self.labels = None if labels is None else frozenset(labels)
        self.log = log
        self.reject = reject

    def fingerprint(self) -> str:
        return f"tracer-{self.mark}-{self.reject}"

    def generate(self, requests: Sequence[Request]) -> list[Record | Rejection]:
        if self.log is not None:
            with Path(self.log).open("a") as log:
                log.writelines(
                    f"{os.getpid()} {r.label} {r.number} {r.attempt}\n" for r in requests
                )
        return [self._one(r) for r in requests]

    def _one(self, request: Request) -> Record | Rejection:
        if self.reject and request.number % self.reject == 0 and not request.attempt:
            return Rejection("not pretty")
        sample = Sample(self.mark, int(request.label or 0), request.number)
        return Record({"image": pixels(sample, request.seed), "label": sample.label})


def planned(plan: Plan, batch: int) -> list[Sample]:
    """Whom the plan wants in a batch; where a source cannot make the label, its stand-in."""
    slots = plan.batch(batch)
    rows = zip(slots.source, slots.label, slots.index, slots.twin, strict=True)
    return [
        Sample(int(s), int(y), int(i)) if i >= 0 else Sample(0, int(y), int(t))
        for s, y, i, t in rows
    ]


def streams_equal(delivered: dict[int, list[Any]], plan: Plan) -> bool:
    return all([*map(Sample._make, rows)] == planned(plan, n) for n, rows in delivered.items())
