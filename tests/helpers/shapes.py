"""Small images of three kinds, each of its own: discs, bars and crosses."""

from __future__ import annotations

import numpy as np

from lightning_synthaug.data import Record

SIDE = 20


def shape(label: int, seed: int) -> np.ndarray:
    """One image of its label, at a place, size and brightness of its own."""
    rng = np.random.default_rng([label, seed])
    row, column = rng.uniform(7, 12, 2)
    size, light = rng.uniform(3, 5), rng.uniform(150, 250)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    down, across = rows - row, columns - column
    turn = rng.uniform(-0.3, 0.3)
    down, across = (
        down * np.cos(turn) + across * np.sin(turn),
        across * np.cos(turn) - down * np.sin(turn),
    )
    inside = [
        np.hypot(down, across) < size,
        (abs(down) < 1.6) & (abs(across) < 1.6 * size),
        ((abs(down) < 1.2) | (abs(across) < 1.2)) & (np.maximum(abs(down), abs(across)) < size),
    ][label]
    image = np.where(inside, light, 10.0) + rng.normal(0, 4, inside.shape)
    return image.clip(0, 255).astype(np.uint8)


def shapes(count: int, *, first: int = 0) -> list[Record]:
    """As many images of each of the three labels in turn."""
    labels = [i % 3 for i in range(count)]
    return [
        Record({"image": shape(label, first + i), "label": label}) for i, label in enumerate(labels)
    ]
