"""A process that fills a store until it is killed, telling its parent what was stored.

Run as `python filler.py FOLDER GENERATION_SEED`. Lines on standard output: `missing N` when it knows what there is
to do, `made LABEL NUMBER` for each request before it is made, `stored KEY` for each sample of a batch whose `put`
returned, `done` at the end.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lightning_synthaug.data import LabelMap, Record
from lightning_synthaug.filling import SourceFiller, SourceNeeds
from lightning_synthaug.generators import Generator, Rejection, Request
from lightning_synthaug.store import Store

LABELS, EACH = [3, 5, 8], 60
IDENTITIES = np.array([(place << 40) | n for n in range(EACH) for place in range(len(LABELS))])


class Noise(Generator):
    """Noise of the request's seed; every seventh request is turned down once."""

    conditioning = "class"
    batch_size = 4

    def fingerprint(self) -> str:
        return "noise"

    def generate(self, requests: Sequence[Request]) -> list[Record | Rejection]:
        for request in requests:
            tell(f"made {request.label} {request.number}")
        return [noise(r) for r in requests]


def noise(request: Request) -> Record | Rejection:
    if request.number % 7 == 3 and not request.attempt:
        return Rejection("unlucky")
    pixels = np.random.default_rng(request.seed).integers(0, 256, (16, 16), dtype=np.uint8)
    return Record({"image": pixels, "label": int(request.label or 0)})


class Telling(Store):  # type: ignore[misc]  # final for users; here to learn when `put` returned
    """A store that says when it has put something."""

    def put(self, samples: Sequence[Any]) -> int:
        new = super().put(samples)
        for sample in samples:
            tell(f"stored {sample.key.hex()}")
        return new


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def needs(seed: int) -> SourceNeeds:
    return SourceNeeds(
        1,
        Noise(),
        values=np.array(LABELS),
        label_map=LabelMap(None),
        generation_seed=seed,
        twins=None,  # type: ignore[arg-type]  # never asked for by a class-conditional generator
    )


def main(folder: Path, seed: int) -> None:
    """Fill what is missing."""
    with Telling.open(folder, byte_budget=1 << 30) as store:
        filler = SourceFiller("noise", needs(seed), store, device="cpu")
        missing = filler.look_up(IDENTITIES)
        tell(f"missing {len(missing)}")
        filler.fill(missing)
        tell("done")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
