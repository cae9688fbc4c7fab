from __future__ import annotations

import numpy as np

from lightning_synthaug.plan.labels import LabelIndex

LABELS = np.array([7, -1, 7, 3, 7, 3])


def test_values_counts_and_members() -> None:
    index = LabelIndex(LABELS)
    assert index.values.tolist() == [-1, 3, 7]
    assert index.counts.tolist() == [1, 2, 3]
    members = index.member(np.array([0, 1, 1, 2, 2, 2]), np.array([0, 0, 1, 0, 1, 2]))
    assert members.tolist() == [1, 3, 5, 0, 2, 4]


def test_serials_number_each_label_through_over_passes() -> None:
    index = LabelIndex(LABELS)
    everything = np.tile(np.arange(6), 3)
    serials = index.serial(everything, np.repeat(np.arange(3), 6))
    for label, count in ((7, 9), (3, 6), (-1, 3)):
        mine = serials[LABELS[everything] == label]
        assert sorted(mine.tolist()) == list(range(count))


def test_namesakes_come_in_turn_and_strangers_are_told_otherwise() -> None:
    index = LabelIndex(LABELS)
    found = index.namesake(
        np.array([7, 7, 7, 7, 5, 9, -2]), np.array([0, 1, 2, 3, 0, 0, 0]), otherwise=np.full(7, 99)
    )
    assert found.tolist() == [0, 2, 4, 0, 99, 99, 99]
