from __future__ import annotations

import numpy as np

from lightning_synthaug.data import Record
from lightning_synthaug.generators.gates.embeddings.cells import cells_of


def test_numbers_words_and_short_arrays_are_cells_and_the_label_is_none() -> None:
    row = {"a": 1, "b": True, "c": 0.5, "d": "x", "label": 3, "raw": b"x"}
    assert cells_of(Record(row)) == {"a": 1, "b": True, "c": 0.5, "d": "x"}
    assert cells_of(Record({"v": np.array([1, 2], np.int16)})) == {"v[0]": 1, "v[1]": 2}


def test_images_and_sounds_are_no_rows() -> None:
    assert cells_of(Record({"image": np.zeros((4, 4)), "audio": np.zeros(8000)})) == {}
