from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.mixing import Recipe
from lightning_synthaug.mixing.displaced import DisplacedRows, known_labels
from tests.helpers.traced import Tracer, traced_dataset


@pytest.mark.parametrize(
    ("source", "options", "labels"),
    [
        (traced_dataset(3), {}, []),
        (Tracer(labels=[2, 0]), {}, [0, 2]),
        (Tracer(labels=[2, 0]), {"label_map": {7: 2, 8: 5}}, [7]),
        (Tracer(), {"label_map": {7: 2, 8: 5}}, [7, 8]),
        (Tracer(), {"class_names": ["a", "b"]}, [0, 1]),
        (Tracer(), {"class_names": {4: "a"}}, [4]),
        (Tracer(), {"balance": {3: 1, 1: 2}}, [1, 3]),
        ({"a": Tracer(labels=[0]), "b": Tracer(labels=[1, 0]), "c": traced_dataset(2)}, {}, [0, 1]),
    ],
)
def test_labels_are_known_from_what_was_said(source: Any, options: Any, labels: list[int]) -> None:
    assert known_labels(Recipe(source=source, ratio=0.5, **options)).tolist() == labels


def test_labels_that_nobody_tells_are_asked_for() -> None:
    with pytest.raises(ConfigError, match=r"that 'synthetic' is asked for must be known.*SA643"):
        known_labels(Recipe(source=Tracer(), ratio=0.5))


def test_rows_are_read_by_their_numbers_and_any_row_is_an_example() -> None:
    rows = DisplacedRows(np.array([4, 9]), pool=3)
    assert len(rows) == 6
    assert rows.targets is not None
    assert rows.targets.tolist() == [4, 4, 4, 9, 9, 9]
    numbers = rows.show(["a", "b"])
    assert [rows[i] for i in numbers.tolist()] == ["a", "b"]
    assert rows[77] == "a"
    again = rows.show(["c"])
    assert again.tolist() == [2]
    assert rows[0] == "c"
    assert len(DisplacedRows(np.empty(0, np.int64), 5)) == 5
