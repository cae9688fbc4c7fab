"""Hugging Face: `interleave_datasets` of two map-style datasets, under torch's `DataLoader`.

Map-style is many times faster than iterable here. Images and sounds are bytes in Arrow with a transform over batches,
which is several times faster than array features; tokens are arrays of NumPy's format.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import datasets
import numpy as np
from torch.utils.data import DataLoader
from workloads import Arrays, Jpegs, Texts, Workload

from peers import BATCH


def _image(file: bytes) -> Any:
    from PIL import Image

    with Image.open(io.BytesIO(file)) as image:
        return np.asarray(image)


def _wave(file: bytes) -> Any:
    import soundfile

    return soundfile.read(io.BytesIO(file), dtype="float32")[0][None]


def _columns(load: Workload) -> tuple[dict[str, Any], dict[str, Any], Any]:
    """Return both datasets as columns, and the transform of a batch."""
    field, made = next(iter(load.made.columns.items()))
    shape, dtype = made.shape[1:], made.dtype
    if isinstance(load.real, Arrays):
        real, labels, decode = [i.tobytes() for i in load.real.images], load.real.labels, None
    else:
        real = [Path(path).read_bytes() for path in load.real.paths]
        labels, decode = load.real.targets, _image if isinstance(load.real, Jpegs) else _wave

    def transform(rows: dict[str, list[Any]]) -> dict[str, list[Any]]:
        values = [
            decode(value)
            if encoded and decode is not None
            else np.frombuffer(value, dtype).reshape(shape)
            for value, encoded in zip(rows["value"], rows["encoded"], strict=True)
        ]
        return {field: values, "label": rows["label"]}

    return (
        {"value": real, "label": labels, "encoded": [decode is not None] * len(real)},
        {
            "value": [sample.tobytes() for sample in made],
            "label": load.made.labels,
            "encoded": [False] * len(made),
        },
        transform,
    )


def _both(load: Workload) -> tuple[datasets.Dataset, datasets.Dataset, Any]:
    if isinstance(load.real, Texts):
        names = ("input_ids", "attention_mask")
        sequence = datasets.Sequence(datasets.Value("int64"), length=load.real.input_ids.shape[1])
        features = datasets.Features(
            {**dict.fromkeys(names, sequence), "label": datasets.Value("int64")}
        )
        real = {name: getattr(load.real, name) for name in names} | {"label": load.real.labels}
        pair = [
            datasets.Dataset.from_dict(columns, features=features)
            for columns in (real, load.made.columns)
        ]
        return pair[0], pair[1], None
    real, made, transform = _columns(load)
    return datasets.Dataset.from_dict(real), datasets.Dataset.from_dict(made), transform


def build(load: Workload, workers: int, ratio: float) -> Iterable[Any]:
    """Interleave at random, each dataset shuffled."""
    real, made, transform = _both(load)
    mixed = datasets.interleave_datasets(
        [real.shuffle(seed=0), made.shuffle(seed=1)],
        probabilities=[1 - ratio, ratio],
        seed=0,
        stopping_strategy="all_exhausted",
    )
    mixed = mixed.with_format("numpy") if transform is None else mixed.with_transform(transform)
    return DataLoader(
        mixed, BATCH, shuffle=True, num_workers=workers, persistent_workers=workers > 0
    )
