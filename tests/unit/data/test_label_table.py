from __future__ import annotations

import numpy as np
import pytest

from lightning_synthaug.data import LabelTable
from lightning_synthaug.errors import DataError


def test_members_and_ranks_agree_with_a_slow_count() -> None:
    codes = np.random.default_rng(0).integers(-3, 4, 200)
    table = LabelTable(codes)
    for value in table.values.tolist():
        members = [index for index, code in enumerate(codes.tolist()) if code == value]
        assert table.members(value).tolist() == members
        assert table.rank[members].tolist() == list(range(len(members)))
    assert table.counts.sum() == 200
    assert (
        table.codes.dtype
        == table.counts.dtype
        == table.rank.dtype
        == table.members(0).dtype
        == np.int64
    )


def test_an_empty_dataset_has_no_labels() -> None:
    table = LabelTable(np.zeros(0, int))
    assert len(table) == len(table.values) == len(table.rank) == 0


@pytest.mark.parametrize(
    ("codes", "names", "expected"),
    [
        ([0, 2], ["a", "b", "c"], {0: "a", 2: "c"}),
        ([0, 2], ["a", "b"], {0: "a", 2: "b"}),
        ([5, -1], ["a", "b"], {-1: "a", 5: "b"}),
        ([5, 7], {5: "a", 7: "b", 9: "c"}, {5: "a", 7: "b"}),
        ([5, 7], None, {5: "5", 7: "7"}),
    ],
)
def test_names_by_label_or_by_order(
    codes: list[int], names: object, expected: dict[int, str]
) -> None:
    table = LabelTable(codes, class_names=names)  # type: ignore[arg-type]
    assert {value: table.name(value) for value in table.values.tolist()} == expected


@pytest.mark.parametrize(
    ("names", "got"),
    [(["a"], "1 names"), (["a", "b", "c"], "3 names"), ({5: "a"}, r"none for \[7\]")],
)
def test_names_must_fit(names: object, got: str) -> None:
    with pytest.raises(
        DataError, match=rf"must name every label, got {got} for the labels \[5, 7\].*\[SA210\]"
    ):
        LabelTable([5, 7], class_names=names)  # type: ignore[arg-type]


def test_an_unknown_label_is_refused() -> None:
    with pytest.raises(
        DataError, match=r"A label must occur.*got 6, which none of 2 samples.*\[5, 7\].*\[SA208\]"
    ):
        LabelTable([5, 7]).members(6)
    with pytest.raises(DataError, match="got 9"):
        LabelTable([5, 7]).members(9)


@pytest.mark.parametrize("codes", [[0.5, 1.0], [[1, 2]], ["a"]])
def test_labels_are_whole_numbers(codes: list[object]) -> None:
    with pytest.raises(
        DataError, match=r"one whole number per sample, got an array of dtype .* \[SA208\]"
    ):
        LabelTable(codes)  # type: ignore[arg-type]


def test_repr_shows_a_few_classes() -> None:
    assert repr(LabelTable(range(20))).endswith("7: 1, ...)")
