"""webdataset: both datasets in eight tar files each, resampled and mixed by `RandomMix`."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any, final

import numpy as np
import webdataset as wds
from workloads import Jpegs, Sounds, Texts, Workload

from peers import BATCH

SHARDS = 8
BUFFER = 1000
FIELDS = ("attention_mask", "input_ids")  # as sorted

ENDLESS = True


@final
class _Decode:
    """Turn the bytes of a sample into an item."""

    def __init__(self, load: Workload) -> None:
        columns = load.made.columns
        self._texts = isinstance(load.real, Texts)
        (self._shape, self._dtype) = next((c.shape[1:], c.dtype) for c in columns.values())

    def __call__(self, sample: dict[str, Any]) -> Any:
        label = int(sample["cls"])
        if self._texts:
            # A tuple: webdataset's `map` would add the key of the sample to a dictionary.
            return (*(np.frombuffer(sample[f], self._dtype) for f in FIELDS), label)
        if "jpg" in sample:
            from PIL import Image

            with Image.open(io.BytesIO(sample["jpg"])) as image:
                return np.asarray(image), label
        if "wav" in sample:
            import soundfile

            return soundfile.read(io.BytesIO(sample["wav"]), dtype="float32")[0][None], label
        return np.frombuffer(sample["bin"], self._dtype).reshape(self._shape), label


def _parts(data: Any, index: int) -> dict[str, bytes]:
    """Return the files of one sample."""
    if isinstance(data, Jpegs):
        return {"jpg": Path(data.paths[index]).read_bytes(), "cls": b"%d" % data.targets[index]}
    if isinstance(data, Sounds):
        return {"wav": Path(data.paths[index]).read_bytes(), "cls": b"%d" % data.targets[index]}
    item = data[index]
    if isinstance(item, dict):
        return {f: item[f].tobytes() for f in FIELDS} | {"cls": b"%d" % item["label"]}
    return {"bin": np.ascontiguousarray(item[0]).tobytes(), "cls": b"%d" % item[1]}


def _written(folder: Path, data: Any) -> list[str]:
    paths = [folder / f"{shard}.tar" for shard in range(SHARDS)]
    if not paths[-1].exists():
        folder.mkdir(parents=True, exist_ok=True)
        for path, rows in zip(paths, np.array_split(np.arange(len(data)), SHARDS), strict=True):
            with wds.TarWriter(str(path)) as tar:
                for index in rows.tolist():
                    tar.write({"__key__": f"{index:08d}", **_parts(data, index)})
    return [str(path) for path in paths]


def build(load: Workload, workers: int, ratio: float) -> Iterable[Any]:
    """Draw by weight, without end."""
    decode = _Decode(load)
    parts = [
        wds.WebDataset(
            _written(load.folder / f"tars-{load.name}-{name}", data), resampled=True, seed=seed
        )
        .shuffle(BUFFER)
        .map(decode)
        for seed, (name, data) in enumerate((("real", load.real), ("made", load.made)))
    ]
    mixed = wds.RandomMix(parts, [1 - ratio, ratio])
    return wds.WebLoader(
        mixed, batch_size=BATCH, num_workers=workers, persistent_workers=workers > 0
    )
