"""One rank of a gloo group that reads its batches of a budget: `python -m tests.helpers.batch_ranks RANK FOLDER`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch.distributed as dist

import lightning_synthaug as sa
from tests.helpers.batches import Author, Sentences, TokenBudget, loader_of, read_words, to_item

SIZE, BUDGET, WORLD, PASSES = 60, 40, 2, 2


class Joined:
    """Several batches at a time, for a process that does the work of several ranks."""

    def __init__(self, sampler: Any, count: int) -> None:
        self.sampler, self.count = sampler, count

    def __iter__(self) -> Iterator[list[int]]:
        batches = list(self.sampler)
        for i in range(0, len(batches) // self.count * self.count, self.count):
            yield [index for batch in batches[i : i + self.count] for index in batch]


def mixed(cache: Path, count: int = 1) -> Any:
    data = Sentences(SIZE)
    sampler: Any = TokenBudget(data.lengths, BUDGET)
    loader = loader_of(sampler if count == 1 else Joined(sampler, count), data)
    ramp = sa.Linear(0.0, 1.0, over="10ba")
    return sa.mix(loader, Author(), ramp, cache=cache, item=to_item, total_batches=20)


def main(rank: int, folder: Path) -> None:
    dist.init_process_group(
        "gloo",
        init_method=f"file://{folder}/group",
        rank=rank,
        world_size=WORLD,
        timeout=timedelta(seconds=60),
    )
    loader = mixed(folder / "cache")
    rows = [[read_words(words) for words, _ in loader] for _ in range(PASSES)]
    (folder / f"rank{rank}.json").write_text(json.dumps(rows))
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
