"""One rank of a gloo group that reads its share of a stream: `python -m tests.helpers.stream_ranks RANK FOLDER`."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from pathlib import Path

import torch.distributed as dist
from torch.utils.data import DataLoader, Subset

import lightning_synthaug as sa
from tests.helpers.streams import Stream
from tests.helpers.traced import CLASSES, Tracer, read

SIZE, BATCH, WORLD = 48, 4, 2


def main(rank: int, folder: Path) -> None:
    dist.init_process_group(
        "gloo",
        init_method=f"file://{folder}/group",
        rank=rank,
        world_size=WORLD,
        timeout=timedelta(seconds=60),
    )
    stream = Stream(SIZE)
    stream.samples = Subset(stream.samples, range(rank, SIZE, WORLD))  # type: ignore[assignment]
    source = Tracer(labels=range(CLASSES), log=str(folder / "log"))
    ramp = sa.Linear(0.0, 1.0, over="6ba")
    mixed = sa.mix(DataLoader(stream, BATCH), source, ramp, cache=folder / "cache", pool=3)
    rows = [read(images) for images, _ in mixed]
    (folder / f"rank{rank}.json").write_text(json.dumps([rows, mixed.feed.totals.misses]))
    dist.destroy_process_group()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
