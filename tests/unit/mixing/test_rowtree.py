from __future__ import annotations

from collections import UserDict, namedtuple
from typing import Any

import numpy as np
import pytest
import torch

from lightning_synthaug.errors import DataError
from lightning_synthaug.mixing.rowtree import (
    UnfitRow,
    count_rows,
    cut_row,
    is_column,
    replaced_rows,
    row_labels,
)

Pair = namedtuple("Pair", "x y")


@pytest.mark.parametrize(
    ("batch", "rows"),
    [
        (torch.zeros(5, 2), 5),
        ([torch.zeros(5, 2), torch.zeros(5)], 5),
        ([torch.zeros(5, 2), [torch.zeros(5), np.zeros((5, 3))]], 5),
        ({"text": ["a", "b", "c"], "n": 4}, 3),
        (Pair(torch.zeros(2, 7), torch.zeros(2)), 2),
        ([(torch.zeros(3, 8), 1), (torch.zeros(3, 9), 0)], 2),
        ([{"a": 1}, {"a": 2}, {"a": 3}], 3),
        ({"x": torch.zeros(4, 2), "w": torch.zeros(10), "y": torch.zeros(4)}, 4),
        (UserDict(x=torch.zeros(6, 1)), 6),
        ([torch.zeros(0, 2), torch.zeros(0)], 0),
    ],
)
def test_rows_are_counted_in_any_tree(batch: Any, rows: int) -> None:
    assert count_rows(batch) == rows


def test_a_full_batch_is_known_by_its_size() -> None:
    batch = {"w": torch.zeros(10), "v": torch.zeros(10), "x": torch.zeros(4)}
    assert count_rows(batch) == 10
    assert count_rows(batch, expected=4) == 4
    assert count_rows({"x": torch.zeros(3)}, expected=4) == 3  # the last one is short


@pytest.mark.parametrize("batch", [3, torch.tensor(3.0), {"a": object()}, [], None])
def test_what_has_no_rows_is_refused(batch: Any) -> None:
    with pytest.raises(DataError, match=r"A batch must hold tensors.*SA640"):
        count_rows(batch)


def tree(rows: list[int]) -> dict[str, Any]:
    values = torch.tensor(rows)
    return {
        "x": values[:, None].float(),
        "pair": Pair([str(r) for r in rows], values.numpy()),
        "deep": ([values], {"y": tuple(str(r) for r in rows)}),
        "scale": 2.0,
        "weights": torch.ones(9),
    }


def test_rows_are_replaced_in_each_part_and_the_old_batch_stays() -> None:
    batch = tree([0, 1, 2, 3])
    new = replaced_rows(batch, tree([10, 11]), np.array([1, 3]), 4)
    wanted = tree([0, 10, 2, 11])
    assert new["x"].tolist() == wanted["x"].tolist()
    assert type(new["pair"]) is Pair
    assert new["pair"].x == wanted["pair"].x
    assert new["pair"].y.tolist() == [0, 10, 2, 11]
    assert new["deep"][0][0].tolist() == [0, 10, 2, 11]
    assert new["deep"][1] == wanted["deep"][1]
    assert new["weights"] is batch["weights"]
    assert batch["x"].tolist() == [[0], [1], [2], [3]]
    assert batch["pair"].x == ["0", "1", "2", "3"]
    assert cut_row(new, 1, 4)["pair"] == Pair("10", 10)
    assert cut_row(new, 1, 4)["deep"] == ([torch.tensor(10)], {"y": "10"})


def test_lists_of_items_are_rows() -> None:
    batch = [(torch.zeros(3), 0), (torch.zeros(5), 1)]
    new = replaced_rows(batch, [(torch.ones(9), 7)], np.array([0]), 2)
    assert new[0][1] == 7
    assert new[1] is batch[1]
    assert cut_row(batch, 1, 2) is batch[1]
    assert row_labels(batch, 2).tolist() == [0, 1]
    assert is_column(batch)
    assert not is_column(Pair("a", "b"))
    assert not is_column([])


def test_all_rows_may_be_replaced() -> None:
    batch = [torch.zeros(2, 3), torch.zeros(2)]
    new = replaced_rows(batch, [torch.ones(2, 3), torch.ones(2)], np.array([0, 1]), 2)
    assert [t.unique().tolist() for t in new] == [[1], [1]]


def test_other_sizes_do_not_fit_and_other_structures_are_errors() -> None:
    batch = {"x": torch.zeros(4, 3), "y": torch.zeros(4, dtype=torch.long)}
    rows, y = np.array([1]), torch.zeros(1, dtype=torch.long)
    with pytest.raises(UnfitRow, match=r"\(5,\) at batch\['x'\] instead of \(3,\)"):
        replaced_rows(batch, {"x": torch.zeros(1, 5), "y": y}, rows, 4)
    for made, reason in [
        ({"y": y}, r"missing \['x'\]"),
        ([torch.zeros(1, 3), y], r"missing \['x', 'y'\]"),
        ({"x": torch.zeros(1, 3), "y": y.float()}, r"batch\['y'\]: .*float32 instead of .*int64"),
        ({"x": np.zeros((1, 3), np.float32), "y": y}, r"batch\['x'\]: numpy.ndarray"),
    ]:
        with pytest.raises(DataError, match=rf"{reason}(.|\n)*SA641"):
            replaced_rows(batch, made, rows, 4)
    with pytest.raises(DataError, match=r"batch: 1 elements(.|\n)*SA641"):
        replaced_rows([torch.zeros(4), torch.zeros(4)], [torch.zeros(1)], rows, 4)
    with pytest.raises(DataError, match=r"batch: torch.Tensor(.|\n)*SA641"):
        replaced_rows([torch.zeros(4), torch.zeros(4)], torch.zeros(1), rows, 4)


@pytest.mark.parametrize(
    "batch",
    [
        {"x": torch.zeros(2), "label": torch.tensor([3, 1])},
        {"x": torch.zeros(2), "y": [3, 1]},
        [torch.zeros(2), np.array([[3.0], [1.0]])],
        Pair(torch.zeros(2), torch.tensor([3, 1])),
    ],
)
def test_labels_are_found_as_in_items(batch: Any) -> None:
    assert row_labels(batch, 2).tolist() == [3, 1]


def test_labels_that_are_not_there_are_asked_for() -> None:
    for batch in (torch.zeros(2), [torch.zeros(2), torch.tensor([0.5, 1.0])], {"z": [1, 2]}):
        with pytest.raises(DataError, match=r"one whole number for each of its 2 rows.*SA642"):
            row_labels(batch, 2)
    assert row_labels({"cls": [1, 2]}, 2, lambda b: b["cls"]).tolist() == [1, 2]


def test_the_label_of_sounds_is_behind_their_rate() -> None:
    batch = [torch.zeros(3, 1, 900), torch.full((3,), 16000), torch.tensor([2, 0, 1])]
    assert row_labels(batch, 3).tolist() == [2, 0, 1]
    assert row_labels(
        [(torch.zeros(1, 900), 8000, 5), (torch.zeros(1, 900), 8000, 4)], 2
    ).tolist() == [5, 4]
