"""Datasets that several benchmarks load, each with a synthetic counterpart that is there already.

The synthetic half is the same for all loaders: decoded samples, as a generator makes them. Ours reads them from its
cache; others get them as a dataset in memory, or in the format that their documentation recommends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, final

import numpy as np
import torch
from torch.utils.data import Dataset, TensorDataset

import lightning_synthaug as sa

__all__ = ["NAMES", "Arrays", "Jpegs", "Made", "Sounds", "Stored", "Texts", "Workload", "workload"]

CLASSES = 10
TOKENS = 128
RATE = 16_000


class Arrays(Dataset[Any]):
    """32x32x3 NumPy arrays in memory.

    Args:
        size: How many.
        seed: Seed of their content.
    """

    def __init__(self, size: int, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.images: Any = rng.integers(0, 255, (size, 32, 32, 3), np.uint8)
        self.labels = rng.integers(0, CLASSES, size).tolist()

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        """Return an image and its label."""
        return self.images[index], self.labels[index]


class Jpegs(Dataset[Any]):
    """224x224 JPEG files, decoded by Pillow to arrays.

    Args:
        folder: A folder for the files; those that are there are kept.
        size: How many.
    """

    def __init__(self, folder: Path, size: int) -> None:
        from PIL import Image

        rng = np.random.default_rng(0)
        folder.mkdir(parents=True, exist_ok=True)
        self.paths = [folder / f"{i}.jpg" for i in range(size)]
        self.targets = rng.integers(0, CLASSES, size).tolist()
        for path in self.paths:
            coarse = rng.integers(0, 255, (28, 28, 3), np.uint8)
            if not path.exists():
                image = Image.fromarray(coarse).resize((224, 224), Image.Resampling.BICUBIC)
                image.save(path, quality=90)

    def __len__(self) -> int:
        """Return the number of files."""
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        """Decode one file."""
        from PIL import Image

        with Image.open(self.paths[index]) as image:
            return np.asarray(image), self.targets[index]


class Texts(Dataset[Any]):
    """Tokenised text in memory, 128 tokens each, as Hugging Face's tokenizers give it: dictionaries.

    Args:
        size: How many.
        seed: Seed of their content.
    """

    def __init__(self, size: int, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.input_ids = rng.integers(5, 50_000, (size, TOKENS))
        lengths = rng.integers(TOKENS // 4, TOKENS + 1, size)
        self.attention_mask = (np.arange(TOKENS) < lengths[:, None]).astype(np.int64)
        self.input_ids *= self.attention_mask
        self.labels = rng.integers(0, CLASSES, size).tolist()

    def __len__(self) -> int:
        """Return the number of texts."""
        return len(self.input_ids)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Return the tokens of one text and its label."""
        return {
            "input_ids": self.input_ids[index],
            "attention_mask": self.attention_mask[index],
            "label": self.labels[index],
        }


class Sounds(Dataset[Any]):
    """WAV files of one second at 16 kHz, read by soundfile as float32 of shape `(1, 16000)`.

    Args:
        folder: A folder for the files; those that are there are kept.
        size: How many.
    """

    def __init__(self, folder: Path, size: int) -> None:
        import soundfile

        rng = np.random.default_rng(0)
        folder.mkdir(parents=True, exist_ok=True)
        self.paths = [folder / f"{i}.wav" for i in range(size)]
        self.targets = rng.integers(0, CLASSES, size).tolist()
        for path in self.paths:
            if not path.exists():
                soundfile.write(path, rng.normal(0, 0.1, RATE), RATE, subtype="PCM_16")

    def __len__(self) -> int:
        """Return the number of files."""
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        """Read one file."""
        import soundfile

        wave, _ = soundfile.read(self.paths[index], dtype="float32")
        return wave[None], self.targets[index]


@final
class Made(Dataset[Any]):
    """Synthetic samples that are there already, in memory.

    Args:
        columns: One array a field, samples along the first axis; the last one holds labels.
        as_dict: Whether items are dictionaries, else tuples.
    """

    def __init__(self, columns: Mapping[str, Any], *, as_dict: bool) -> None:
        self.columns = dict(columns)
        self.labels = self.columns["label"].tolist()
        self._fields = [(n, c) for n, c in self.columns.items() if n != "label"]
        self._as_dict = as_dict

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.labels)

    def __getitem__(self, index: int) -> Any:
        """Return one sample, of the same form as a real one."""
        if self._as_dict:
            item = {name: column[index] for name, column in self._fields}
            return {**item, "label": self.labels[index]}
        return (*(column[index] for _, column in self._fields), self.labels[index])


@final
class Stored(sa.Generator):
    """Hand out the same samples to our cache, which is full before a clock starts.

    Args:
        made: The samples.
        name: Tells workloads apart.
    """

    conditioning = "none"
    modality = "any"
    batch_size = 256

    def __init__(self, made: Made, name: str) -> None:
        self.made, self.workload = made, name

    def fingerprint(self) -> str:
        """Identify the output."""
        return f"stored-{self.workload}-{len(self.made)}"

    def count(self, label: int | None = None) -> int:
        """Say how many there are."""
        del label
        return len(self.made)

    def generate(self, requests: Sequence[sa.Request]) -> list[sa.Record | sa.Rejection]:
        """Look samples up."""
        made = self.made
        out: list[sa.Record | sa.Rejection] = []
        for request in requests:
            i = request.number % len(made)
            fields = {name: column[i] for name, column in made.columns.items() if name != "label"}
            out.append(sa.Record({**fields, "label": made.labels[i]}))
        return out


class Workload(NamedTuple):
    """What is loaded.

    Attributes:
        name: Its name.
        real: The user's dataset.
        made: The synthetic samples.
        generator: Gives the same samples to our cache.
        folder: For files of any loader; kept between runs of a benchmark.
        batches: Batches of an epoch.
    """

    name: str
    real: Any
    made: Made
    generator: Stored
    folder: Path

    @property
    def batches(self) -> int:
        """Batches of 64 in an epoch."""
        return len(self.real) // 64


def _made_like(real: Any, size: int) -> Made:
    """Make synthetic samples of the same form as the items of a dataset."""
    rng = np.random.default_rng(1)
    labels = rng.integers(0, CLASSES, size)
    if isinstance(real, Texts):
        other = Texts(size, seed=1)
        fields = {"input_ids": other.input_ids, "attention_mask": other.attention_mask}
        return Made({**fields, "label": labels}, as_dict=True)
    first = real[0][0]
    shape = (size, *first.shape)
    if isinstance(real, Sounds):
        waves = rng.normal(0, 0.1, shape).astype(np.float32)
        return Made({"audio": waves, "label": labels}, as_dict=False)
    return Made({"image": rng.integers(0, 255, shape, np.uint8), "label": labels}, as_dict=False)


def _arrays(folder: Path) -> Any:
    del folder
    return Arrays(16_384)


def _tensors(folder: Path) -> Any:
    arrays = _arrays(folder)
    return TensorDataset(torch.from_numpy(arrays.images), torch.tensor(arrays.labels))


_DATASETS = {
    "arrays": _arrays,
    "tensors": _tensors,
    "jpeg": lambda folder: Jpegs(folder / "jpeg", 1024),
    "text": lambda folder: Texts(16_384),
    "audio": lambda folder: Sounds(folder / "wav", 2048),
}
NAMES = tuple(_DATASETS)


def workload(name: str, folder: Path) -> Workload:
    """Make a workload.

    Args:
        name: One of `NAMES`. `"tensors"` is `"arrays"` in a `TensorDataset`.
        folder: For files.
    """
    real = _DATASETS[name](folder)
    made = _made_like(real, 8192 if len(real) > 8192 else 1024)
    return Workload(name, real, made, Stored(made, name), folder)
