"""Distances to the two nearest, with and without the sample itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from lightning_synthaug.data import Record
from lightning_synthaug.generators.gates import nearest
from lightning_synthaug.generators.gates.embeddings import Embedding
from lightning_synthaug.generators.gates.nearest import NearestVectors


class Position(Embedding):
    def embed(self, records: Sequence[Record]) -> np.ndarray:
        return np.array([[r["x"], 0] for r in records], np.float32)


def at(*places: float) -> list[Record]:
    return [Record({"x": float(x)}) for x in places]


def test_the_two_nearest_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearest, "_AT_ONCE", 2)
    measure = NearestVectors(at(0, 10, 13, 40), Position())
    assert measure.distances(at(11, 0, 39)).tolist() == [[1, 2], [0, 10], [1, 26]]
    own = measure.distances(at(10, 40, 13), [1, 3, 2])
    assert own.tolist() == [[3, 10], [27, 30], [3, 13]]
