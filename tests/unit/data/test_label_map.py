from __future__ import annotations

import numpy as np
import pytest

from lightning_synthaug.data import LabelMap
from lightning_synthaug.errors import DataError


def test_there_and_back_for_scalars_and_arrays() -> None:
    labels = LabelMap({7: 3, np.int64(8): 0})
    assert labels.to_generator([[7, 8], [9, 7]]).tolist() == [[3, 0], [-1, 3]]
    assert labels.to_user([3, 0, 1]).tolist() == [7, 8, -1]
    assert [labels.generator_label(n) for n in (7, 8, 9)] == [3, 0, None]
    assert [labels.user_label(n) for n in (3, 0, 1)] == [7, 8, None]
    assert repr(labels) == "LabelMap({7: 3, 8: 0})"


def test_without_a_mapping_labels_agree() -> None:
    labels = LabelMap()
    assert labels.to_generator([4, -2]).tolist() == labels.to_user([4, -2]).tolist() == [4, -2]
    assert labels.generator_label(5) == labels.user_label(5) == 5


def test_an_empty_mapping_has_no_counterparts() -> None:
    assert LabelMap({}).to_generator([1, 2], missing=-7).tolist() == [-7, -7]


@pytest.mark.parametrize("mapping", [{1: 3, 2: 3}, {1: -1}])
def test_generator_labels_are_used_once_and_not_negative(mapping: dict[int, int]) -> None:
    with pytest.raises(
        DataError, match=r"a generator label of its own, >= 0, got \{1: .*\[SA209\]"
    ):
        LabelMap(mapping)


@pytest.mark.parametrize("mapping", [{"a": 1}, {1: 2.0}, {True: 1}])
def test_labels_are_whole_numbers(mapping: dict[int, int]) -> None:
    with pytest.raises(DataError, match=r"in `label_map` must be whole numbers, got"):
        LabelMap(mapping)
