"""Batches put together at once are those that would be put together item by item."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader, Dataset, Subset, TensorDataset, default_collate

import lightning_synthaug as sa

DTYPES = (np.uint8, np.float32)


class Shape(NamedTuple):
    """What the items of a dataset look like."""

    kind: str
    dtype: type
    side: int

    def image(self, seed: int) -> np.ndarray:
        rng = np.random.default_rng(seed)
        return rng.integers(0, 250, (self.side, self.side, 3)).astype(self.dtype)


class Pair(NamedTuple):
    """An item with names."""

    image: Any
    label: Any


class Items(Dataset[Any]):
    """Items of one shape; every kind that users have."""

    def __init__(self, shape: Shape, size: int) -> None:
        self.form, self.size = shape, size

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> Any:
        image, label = self.form.image(index), index % 3
        tensor = torch.from_numpy(image).permute(2, 0, 1)
        kinds = {
            "arrays": lambda: (image, label),
            "tensors": lambda: (tensor, torch.tensor(label)),
            "dict": lambda: {"label": label, "image": tensor},
            "named": lambda: Pair(image, np.int64(label)),
            "list": lambda: [tensor, label],
            "nested": lambda: nested(sa.Record({"image": image, "label": label})),
        }
        return kinds[self.form.kind]()


def nested(record: sa.Record) -> Any:
    image = torch.from_numpy(np.array(record["image"]))
    return {"views": (image, [image * 2]), "about": {"label": record["label"], "name": "a"}}


def dataset(shape: Shape, size: int) -> Dataset[Any]:
    if not shape.kind.startswith("TensorDataset"):
        return Items(shape, size)
    images = torch.from_numpy(np.stack([shape.image(i) for i in range(size)]))
    whole = TensorDataset(images.permute(0, 3, 1, 2).contiguous(), torch.arange(size) % 3)
    return Subset(whole, range(size - 1, -1, -2)) if shape.kind.endswith("half") else whole


class Made(sa.Generator):
    """Makes images of one shape."""

    conditioning = "class"
    batch_size = 5

    def __init__(self, shape: Shape) -> None:
        self.form = shape

    def fingerprint(self) -> str:
        return f"made-{self.form}"

    def generate(self, requests: Sequence[sa.Request]) -> list[sa.Record | sa.Rejection]:
        images = [self.form.image(request.seed) for request in requests]
        return [
            sa.Record({"image": image, "label": request.label or 0})
            for image, request in zip(images, requests, strict=True)
        ]


KINDS = (
    "arrays",
    "tensors",
    "dict",
    "named",
    "list",
    "nested",
    "TensorDataset",
    "TensorDataset half",
)


def one_by_one(items: list[Any]) -> Any:
    """A collate function of the user's own: every item is built, and nothing is put together at once."""
    return default_collate(items)


def leaves(batch: Any, where: str = "") -> Iterator[tuple[str, Any]]:
    """Go through a batch with the type and place of each part."""
    if isinstance(batch, Mapping):
        parts: list[tuple[Any, Any]] = list(batch.items())
    elif isinstance(batch, (list, tuple)):
        parts = list(enumerate(batch))
    else:
        yield where, batch
        return
    for key, part in parts:
        yield from leaves(part, f"{where}/{type(batch).__name__}[{key!r}]")


def equal(ours: Any, theirs: Any) -> None:
    for (where, a), (there, b) in zip(leaves(ours), leaves(theirs), strict=True):
        assert where == there
        assert type(a) is type(b)
        if isinstance(a, torch.Tensor):
            assert (a.dtype, a.shape) == (b.dtype, b.shape)
            assert torch.equal(a, b)
        else:
            assert a == b


def batches(shape: Shape, ratio: float, folder: str, seed: int, **loader: Any) -> list[Any]:
    data = dataset(shape, 40)
    options = {"item": nested} if shape.kind == "nested" else {}
    labels = [i % 3 for i in range(40)] if shape.kind == "nested" else None
    # A small budget, so that rows lie in several shards.
    mixed = sa.mix(
        DataLoader(data, 6, **loader), Made(shape), ratio, seed=seed, cache=folder,
        labels=labels, cache_bytes=64 * 8 * (shape.side**2 * 12 + 100), **options,
    )  # fmt: skip
    found = list(chain(mixed, mixed))
    mixed.feed.mixture.close()
    return found


@settings(max_examples=40, deadline=None)
@given(
    shape=st.builds(
        Shape, st.sampled_from(KINDS), st.sampled_from(DTYPES), st.sampled_from([5, 75])
    ),
    ratio=st.sampled_from([0.0, 0.3, 0.5, 1.0]),
    seed=st.integers(0, 3),
)
def test_values_dtypes_order_and_nesting_are_those_of_the_slow_path(
    shape: Shape, ratio: float, seed: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ours = batches(shape, ratio, folder, seed)
        theirs = batches(shape, ratio, folder, seed, collate_fn=one_by_one)
        for a, b in zip(ours, theirs, strict=True):
            equal(a, b)


@pytest.mark.parametrize("side", [5, 75])
@pytest.mark.parametrize("kind", ["arrays", "dict", "nested", "TensorDataset"])
def test_batches_that_are_kept_stay_those_of_the_slow_path(
    kind: str, side: int, tmp_path: Any
) -> None:
    shape = Shape(kind, np.uint8, side)
    ours = batches(shape, 0.5, str(tmp_path), 0, num_workers=1)
    theirs = batches(shape, 0.5, str(tmp_path), 0, collate_fn=one_by_one)
    for a, b in zip(ours, theirs, strict=True):
        equal(a, b)
