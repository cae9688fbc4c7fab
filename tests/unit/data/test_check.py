from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from lightning_synthaug.data import adapt, check_compatible
from lightning_synthaug.data.check import check_labels, examples
from lightning_synthaug.errors import DataError

REAL = [(torch.zeros(3, 8, 8), 1), (torch.zeros(3, 8, 9), 2)]


def test_items_like_the_real_ones_pass_also_where_real_ones_vary() -> None:
    check_compatible(REAL, (torch.ones(3, 8, 20), 7))


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ((torch.zeros(3, 9, 9), 1), r"at item\[0\]: shape \[3, 8, \*\] against \[3, 9, 9\]"),
        ((torch.zeros(8, 8), 1), r"at item\[0\]: rank 3 against 2"),
        ((torch.zeros(3, 8, 8).double(), 1), r"at item\[0\]: dtype float32 against float64"),
        ((np.zeros((3, 8, 8), np.float32), 1), r"at item\[0\]: tensor against array"),
        ((torch.zeros(3, 8, 8), torch.tensor(1)), r"at item\[1\]: int against tensor"),
        ((torch.zeros(3, 8, 8), 1, 2), r"at item:   2 elements against 3"),
        ([torch.zeros(3, 8, 8), 1], r"at item:   tuple against list"),
        (torch.zeros(3, 8, 8), r"at item:   tuple against tensor"),
    ],
)
def test_each_difference_is_named_and_both_are_printed(item: object, reason: str) -> None:
    with pytest.raises(DataError, match=reason) as caught:
        check_compatible(REAL, item)
    lines = caught.value.message.splitlines()
    assert lines[1].endswith(" (tensor float32 [3, 8, *], int)")
    start = lines[1].index("(")
    assert all(line[start - 1] == " " and line[start] != " " for line in lines[2:-1])
    assert [line.split()[0] for line in lines[1:3]] == ["real:", "synthetic:"]
    assert caught.value.code == "SA205"


def test_keys_and_modes_are_compared() -> None:
    with pytest.raises(DataError, match=r"missing \['y'\], extra \['z'\]"):
        check_compatible([{"x": 1, "y": 2}], {"x": 1, "z": 2})
    with pytest.raises(DataError, match="mode RGB against L"):
        check_compatible([Image.new("RGB", (4, 4))], Image.new("L", (4, 4)))


def test_all_differences_are_listed() -> None:
    with pytest.raises(DataError, match=r"(?s)item\['a'\].*item\['b'\]\[0\]"):
        check_compatible([{"a": 1, "b": [2]}], {"a": 1.0, "b": ["2"]})


def test_nothing_to_compare_with_is_an_error() -> None:
    with pytest.raises(DataError, match=r"At least one real item is needed.*\[SA201\]"):
        check_compatible([], 3)


class Shifted(list[tuple[str, int]]):
    """Targets that count from 1."""

    @property
    def targets(self) -> list[int]:
        return [label + 1 for _, label in self]


def test_labels_kept_apart_must_be_those_of_the_samples() -> None:
    adapter = adapt(Shifted([("a", 0), ("b", 1)]))
    with pytest.raises(
        DataError, match=r"at sample 1:\n  the dataset's .*: 2\n  sample: 1\n.*SA208"
    ):
        check_labels(adapter, None, [1])
    check_labels(adapter, torch.tensor([0, 1]), [0, 1])
    check_labels(adapter, lambda index: index, [0, 1])
    with pytest.raises(DataError, match=r"`labels=`: 5\n  sample: 0\n.*SA208"):
        check_labels(adapter, [5, 1], [0])


@pytest.mark.parametrize("items", [[("a", 1)], [("a", "cat")], [("a", {"deep": 1})], ["a"]])
def test_samples_without_a_number_as_label_are_not_compared(items: list[object]) -> None:
    check_labels(adapt(items), [1], [0])


def test_sizes_may_be_left_to_a_collate_function_and_nothing_else() -> None:
    real = [(np.zeros((8, 8), np.uint8), np.zeros((n, 4), np.float32)) for n in (0, 0)]
    check_compatible(real, (np.zeros((8, 8), np.uint8), np.zeros((3, 4), np.float32)), sizes=False)
    with pytest.raises(DataError, match=r"shape \[0, 4\] against \[3, 4\]"):
        check_compatible(real, (np.zeros((8, 8), np.uint8), np.zeros((3, 4), np.float32)))
    with pytest.raises(DataError, match="rank 2 against 1"):
        check_compatible(real, (real[0][0], np.zeros(4, np.float32)), sizes=False)
    with pytest.raises(DataError, match="dtype float32 against float64"):
        check_compatible(real, (real[0][0], np.zeros((3, 4))), sizes=False)


class Broken(list[int]):
    """Some of it cannot be read."""

    def __getitem__(self, index: Any) -> Any:
        if index % 3 == 0:
            raise OSError(f"file {index} is broken")
        return super().__getitem__(index)


def test_examples_are_those_that_can_be_read() -> None:
    data = Broken(range(100))
    assert examples(adapt(data), [4, 6]) == {i: i for i in (4, 14, 28, 56, 70)}
    with pytest.raises(OSError, match="is broken"):
        examples(adapt(Broken([0])))
