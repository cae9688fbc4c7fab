from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lightning_synthaug.errors import DataError
from lightning_synthaug.fitting.texts import text_data


def test_texts_become_lines_and_labels_classes() -> None:
    data = text_data(["a  fine\nfilm", "no", " never "], [7, 3, 7], class_names=["bad", "good"])
    assert data.texts == ["a fine film", "no", "never"]
    assert (data.classes.tolist(), data.labels, data.names) == ([1, 0, 1], [3, 7], ["bad", "good"])
    assert data.describe()["count_by_label"] == {"3": 1, "7": 2}
    assert text_data(["x", "y"], [4, 2]).names == ["2", "4"]


def test_a_part_keeps_what_is_said_of_all() -> None:
    data = text_data(["x", "y", "z"], [0, 1, 1])
    part = data.take(np.array([2, 0]))
    assert (part.texts, part.classes.tolist(), part.labels) == (["z", "x"], [1, 0], [0, 1])
    assert part.digest == data.digest != text_data(["x", "y", "z"], [0, 1, 0]).digest


@pytest.mark.parametrize(
    ("texts", "labels", "match"),
    [
        (["x", " "], [0, 1], r"words in each, got ' ' at 1.*SA835"),
        (["x", None], [0, 1], r"got None at 1.*SA835"),
        (["x"], [0], r"at least two, got 1.*SA835"),
        (["x", "y"], [0], r"one integer for each text, got int64\[1\] for 2.*SA835"),
        (["x", "y"], ["a", "b"], r"one integer for each text, got <U1.*SA835"),
    ],
)
def test_other_data_are_refused(texts: Any, labels: Any, match: str) -> None:
    with pytest.raises(DataError, match=match):
        text_data(texts, labels)
