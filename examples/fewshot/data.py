"""Few real images of each class: read them, draw some."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np

from lightning_synthaug.plan import child_seed


def read_idx(folder: Path, prefix: str = "") -> tuple[np.ndarray, np.ndarray]:
    """Images of shape (n, 28, 28), uint8, and their labels, of files as MNIST has them."""
    images, labels = (
        gzip.decompress(next(folder.glob(f"{prefix}{kind}-*.gz")).read_bytes())
        for kind in ("images", "labels")
    )
    pixels = np.frombuffer(images, np.uint8, offset=16).reshape(-1, 28, 28)
    return pixels, np.frombuffer(labels, np.uint8, offset=8).astype(np.int64)


def draw(labels: np.ndarray, size: int, seed: int) -> np.ndarray:
    """Rows of `size` images of each label, others with each seed."""
    rng = np.random.default_rng(child_seed(seed, "few-shot-draw", size))
    every = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    return np.concatenate([rng.choice(rows, size, replace=False) for rows in every])
