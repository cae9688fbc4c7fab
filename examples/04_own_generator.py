"""A generator of your own: anything that turns a request into a sample, here a few drawn strokes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from existing_project import Digits
from torch.utils.data import DataLoader

import lightning_synthaug as sa


class Segments(sa.Generator):
    """Draw digits like a seven-segment display, moved and faded at random."""

    name = "drawn"
    conditioning = "class"
    labels = frozenset(range(10))
    # The segments that each digit lights: top, upper left and right, middle, lower left and right, bottom.
    LIT = ("TLRlrB", "Rr", "TRMlB", "TRMrB", "LRMr", "TLMrB", "TLMlrB", "TRr", "TLRMlrB", "TLRMrB")
    PLACE: ClassVar = {
        "T": np.s_[0, 0:4], "L": np.s_[0:4, 0], "R": np.s_[0:4, 3], "M": np.s_[3, 0:4],
        "l": np.s_[3:7, 0], "r": np.s_[3:7, 3], "B": np.s_[6, 0:4],
    }  # fmt: skip

    def __init__(self, faintest: int = 120) -> None:
        self.faintest = faintest

    def settings(self) -> dict[str, int]:
        return {"faintest": self.faintest}

    def fingerprint(self) -> str:
        return f"segments-1-{self.faintest}"  # raise the number when the drawing changes

    def generate(self, requests: Sequence[sa.Request]) -> list[sa.Record | sa.Rejection]:
        return [self.draw(request) for request in requests]

    def draw(self, request: sa.Request) -> sa.Record:
        rng = np.random.default_rng(request.seed)  # all randomness comes from the request
        image = np.zeros((8, 8), np.uint8)
        row, column = rng.integers(0, 2), rng.integers(1, 4)
        figure = image[row : row + 7, column : column + 4]
        for segment in self.LIT[request.label or 0]:
            figure[self.PLACE[segment]] = rng.integers(self.faintest, 256)
        return sa.Record({"image": image, "label": request.label})


real = DataLoader(Digits(train=True), batch_size=4)
mixed = sa.mix(real, Segments(), ratio=0.5, cache="cache", seed=7)
images, labels = next(iter(mixed))
sources = sa.batch_info(mixed).source
titles = (f"{label} {source}" for label, source in zip(labels.tolist(), sources, strict=True))
print("   ".join(title.ljust(8) for title in titles))
for lines in zip(*images.squeeze(1).tolist(), strict=True):
    print("   ".join("".join(" .:*#"[round(4 * value)] for value in line) for line in lines))
