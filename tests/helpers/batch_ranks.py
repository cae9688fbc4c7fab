"""Two ranks that read batches of a budget: `python batch_ranks.py RANK FOLDER` is one of a gloo group.

With `fit` in place of the rank it is a fit under Lightning's ddp, which starts the second rank with the same arguments.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch.distributed as dist

import lightning_synthaug as sa
from tests.helpers.batches import (
    Author,
    Sentences,
    TokenBudget,
    loader_of,
    read_words,
    reader,
    to_item,
)
from tests.helpers.recorder import trainer

SIZE, BUDGET, WORLD, PASSES = 60, 40, 2, 2
RAMP = sa.Linear(0.0, 1.0, over="10ba")


class Joined:
    """Several batches at a time, for a process that does the work of several ranks."""

    def __init__(self, sampler: Any, count: int) -> None:
        self.sampler, self.count = sampler, count

    def __iter__(self) -> Iterator[list[int]]:
        batches = list(self.sampler)
        for i in range(0, len(batches) // self.count * self.count, self.count):
            yield [index for batch in batches[i : i + self.count] for index in batch]


def plain(count: int = 1) -> Any:
    data = Sentences(SIZE)
    sampler: Any = TokenBudget(data.lengths, BUDGET)
    return loader_of(sampler if count == 1 else Joined(sampler, count), data)


def mixed(cache: Path, count: int = 1) -> Any:
    return sa.mix(plain(count), Author(), RAMP, cache=cache, item=to_item)


def fit(folder: Path) -> None:
    model, aug = reader(), sa.SynthAug(Author(), RAMP, cache=folder / "cache", item=to_item)
    run = trainer(max_epochs=PASSES, callbacks=[aug], devices=WORLD, strategy="ddp")
    run.fit(model, plain())
    rows = [[model.seen[n] for n in numbers] for numbers in model.epochs]
    (folder / f"rank{run.global_rank}.json").write_text(json.dumps(rows))


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
    if sys.argv[1] == "fit":
        fit(Path(sys.argv[2]))
    else:
        main(int(sys.argv[1]), Path(sys.argv[2]))
