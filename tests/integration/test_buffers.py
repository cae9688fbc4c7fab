"""Batches in buffers that are used again, with real workers."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset

import lightning_synthaug as sa
from lightning_synthaug.mixing.ring import Landing
from tests.helpers.traced import traced_dataset
from tests.unit.mixing.test_ring import alike

Point = namedtuple("Point", ["x", "y"])


class Nested(Dataset[Any]):
    """Items of every kind that torch's collate knows."""

    def __init__(self, kind: str, size: int = 40) -> None:
        self.kind = kind
        self.size = size

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, i: int) -> Any:
        image = torch.full((3, 4, 5), i, dtype=torch.uint8)
        array = np.full((2, 3), i, np.float32)
        return {
            "tuple": (image, array, i, float(i)),
            "dict": {"image": image, "text": f"item {i}", "label": i},
            "named": Point(image, Point(array, np.int16(i))),
            "deep": {"a": [image, {"b": (array, image.to(torch.bfloat16))}], "c": bool(i % 2)},
            "alone": image,
            "number": i,
            "large": (torch.full((300_000,), i, dtype=torch.float32), i),
        }[self.kind]


def epoch(loader: Any) -> list[Any]:
    return list(loader)


@pytest.mark.parametrize("kind", ["tuple", "dict", "named", "deep", "alone", "number", "large"])
def test_batches_are_those_of_torchs_loader(kind: str) -> None:
    data = Nested(kind, 12 if kind == "large" else 40)
    plain = epoch(DataLoader(data, 4, num_workers=2))
    one_by_one = epoch(sa.mix(DataLoader(data, 4), data, 0.0))
    loader = sa.mix(DataLoader(data, 4, num_workers=2), data, 0.0)
    for batches in (one_by_one, epoch(loader), epoch(loader)):  # the second pass has other workers
        assert all(map(alike, plain, batches))
        assert len(plain) == len(batches)


class Columns:
    """A collate function of a user's own: another class, other layouts."""

    def __call__(self, items: list[Any]) -> dict[str, Any]:
        images = torch.stack([image for image, *_ in items]).to(memory_format=torch.channels_last)
        labels = torch.tensor([label for *_, label, _ in items])
        return {
            "images": images,
            "turned": images.flatten(1).t(),
            "labels": labels,
            "n": len(items),
        }


@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_a_users_collate_function_is_called_as_ever(context: str) -> None:
    data, options = Nested("tuple"), {"collate_fn": Columns(), "num_workers": 1}
    plain = epoch(DataLoader(data, 4, multiprocessing_context=context, **options))
    loader = sa.mix(DataLoader(data, 4, multiprocessing_context=context, **options), data, 0.0)
    assert all(map(alike, plain, epoch(loader)))


@pytest.mark.parametrize("persistent", [False, True])
def test_batches_that_are_kept_do_not_change(persistent: bool) -> None:
    data = traced_dataset(64)
    plain = DataLoader(data, 4, num_workers=2, persistent_workers=persistent)
    loader = sa.mix(plain, traced_dataset(20, source=1), 0.5, seed=3)
    kept, copies = [], []
    for _ in range(2):
        for images, labels in loader:
            kept.append((images, labels[1:]))
            copies.append((images.clone(), labels[1:].clone()))
    assert all(map(alike, kept, copies))


@pytest.mark.parametrize("persistent", [False, True])
def test_few_buffers_do_for_a_whole_run(persistent: bool) -> None:
    plain = DataLoader(traced_dataset(64), 4, num_workers=2, persistent_workers=persistent)
    loader = sa.mix(plain, traced_dataset(20, source=1), 0.5)
    for _ in range(2):
        places = {batch[0].data_ptr() for batch in loader}
        assert len(places) <= 2 * (2 + 2)
    landing = loader.collate_fn._landing
    assert isinstance(landing, Landing)
    assert len(landing._buffers) <= 8 * persistent  # without workers, nothing is left


def test_it_can_be_switched_off() -> None:
    plain = DataLoader(traced_dataset(64), 4, num_workers=2)
    loader = sa.mix(plain, traced_dataset(20, source=1), 0.5, reuse_buffers=False)
    assert loader.collate_fn._landing is None
    assert all(images.is_shared() for images, _ in loader)
