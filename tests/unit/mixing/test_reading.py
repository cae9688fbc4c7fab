from __future__ import annotations

from typing import Any

import pytest
from torch.utils.data import Dataset

from lightning_synthaug.errors import DataError
from lightning_synthaug.mixing.reading import read_items, read_whole, show_own


class Bulky(Dataset[int]):
    """Returns what it is told to for several indices."""

    def __init__(self, returned: Any) -> None:
        self.returned = returned

    def __getitem__(self, index: int) -> int:
        return index * 10

    def __getitems__(self, indices: list[int]) -> Any:
        return self.returned


def test_items_are_read_at_once_where_a_dataset_can() -> None:
    assert read_items(Bulky([1, 2]), [5, 6]) == read_whole(Bulky([1, 2]), [5, 6]) == [1, 2]
    assert read_items([3, 4, 5], [2, 0]) == read_whole([3, 4, 5], [2, 0]) == [5, 3]
    assert read_items(Bulky(None), []) == []


@pytest.mark.parametrize(
    ("returned", "got"),
    [([1], "a list of 1"), ((1, 2), "a tuple"), ({"x": 1, "y": 2}, "a dict"), (None, "a NoneType")],
)
def test_others_can_stand_beside_one_item_for_each_index_alone(returned: Any, got: str) -> None:
    assert read_whole(Bulky(returned), [5, 6]) is returned
    with pytest.raises(DataError, match=rf"__getitems__.*got {got} for 2 indices.*SA216"):
        read_items(Bulky(returned), [5, 6])


def test_outside_of_workers_nobody_is_shown() -> None:
    show_own(object())
