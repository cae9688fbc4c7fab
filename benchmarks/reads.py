"""Reading a batch out of the store, as it is and without the checks of checksums."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from lightning_synthaug.store import Gathered, Scattered, ShardReader

__all__ = ["read", "trust"]


def read(reader: ShardReader, places: np.ndarray) -> object:
    """Read a batch into arrays, its large fields too."""
    columns = reader.gather(places[:, 0], places[:, 1]).columns
    assert columns is not None
    pixels = columns["image"]
    if isinstance(pixels, Scattered):
        into = np.empty((len(places), *pixels.shape), pixels.dtype)
        pixels.put(into, np.arange(len(places)))
    return columns


def trust(joined: Any) -> None:
    """Let joined shards take every row for one whose checksum was right; the rest is as `JoinedShards.take` does it."""

    def take(shards: np.ndarray, rows: np.ndarray) -> Gathered:
        which = joined._sorted.searchsorted(shards)
        for opened in map(joined._opened.__getitem__, set(which.tolist())):
            assert os.lseek(opened.fd, 0, os.SEEK_END) >= opened.need
        right = np.ones(rows.size, np.bool_)
        if joined._large:
            return Gathered(right, joined._spread(which, rows), None)
        table = joined._rows[joined._first_row[which] + rows * joined._step].view(joined._dtype)
        columns = {name: table[column] for name, column in joined._names}
        return Gathered(right, columns, None)

    joined.take = take
