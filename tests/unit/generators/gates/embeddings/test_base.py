"""What every embedding has from its base class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lightning_synthaug.data import Record
from lightning_synthaug.generators.gates.embeddings import Embedding


class Lengths(Embedding):
    def embed(self, records: Sequence[Record]) -> np.ndarray:
        return np.array([[len(r)] for r in records], np.float32)


def test_variants_are_for_those_that_have_some() -> None:
    assert Lengths().variants([Record({"x": 1})], 5).shape == (0, 1)


def test_a_fingerprint_is_that_of_class_and_settings() -> None:
    assert Lengths().fingerprint() == Lengths().fingerprint()
    assert Lengths().fingerprint() != type("Other", (Lengths,), {})().fingerprint()
