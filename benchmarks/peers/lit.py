"""litdata: both datasets optimised into chunks of 64 MB, streamed together from the local disk."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any, final

import litdata
import numpy as np
from workloads import Arrays, Jpegs, Sounds, Texts, Workload

from peers import BATCH


@final
class _Files(litdata.StreamingDataset):
    """Decode files, and hand tuples out."""

    def __getitem__(self, index: Any) -> Any:
        value, label = super().__getitem__(index)
        if isinstance(value, np.ndarray):
            return value, label
        if value[:4] == b"RIFF":  # files come as views of a chunk
            import soundfile

            return soundfile.read(io.BytesIO(value), dtype="float32")[0][None], label
        from PIL import Image

        with Image.open(io.BytesIO(value)) as image:
            return np.asarray(image), label


@final
class _Rows:
    """What is written for one index; files as they are."""

    def __init__(self, data: Any) -> None:
        self._data = data

    def __call__(self, index: int) -> Any:
        data = self._data
        if isinstance(data, Jpegs | Sounds):
            return Path(data.paths[index]).read_bytes(), data.targets[index]
        return data[index]


def _written(folder: Path, data: Any) -> str:
    if not (folder / "index.json").exists():
        litdata.optimize(
            _Rows(data), list(range(len(data))), str(folder), chunk_bytes="64MB", num_workers=1,
            start_method="fork", mode="overwrite", verbose=False,
        )  # fmt: skip
    return str(folder)


def build(load: Workload, workers: int, ratio: float) -> Iterable[Any]:
    """Draw by weight; a pass ends with the first of the two."""
    kind = litdata.StreamingDataset if isinstance(load.real, Arrays | Texts) else _Files
    parts = [
        kind(_written(load.folder / f"litdata-{load.name}-{name}", data), shuffle=True)
        for name, data in (("real", load.real), ("made", load.made))
    ]
    mixed = litdata.CombinedStreamingDataset(
        parts, weights=[1 - ratio, ratio], iterate_over_all=False
    )
    return litdata.StreamingDataLoader(
        mixed, batch_size=BATCH, num_workers=workers, persistent_workers=workers > 0
    )
