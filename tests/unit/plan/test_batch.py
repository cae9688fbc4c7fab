from __future__ import annotations

import numpy as np

from lightning_synthaug.plan import REAL, PlannedSlots


def slots() -> PlannedSlots:
    columns = [np.arange(5) + 10 * i for i in range(1, 5)]
    return PlannedSlots(100, np.array([REAL, 1, REAL, 2, 1]), *columns)


def test_synthetic_slots_are_those_with_a_source() -> None:
    assert slots().is_synthetic.tolist() == [False, True, False, True, True]
    assert len(slots()) == 5


def test_where_copies_and_cut_views() -> None:
    whole = slots()
    picked = whole.where(whole.source == 1)
    assert (picked.index.tolist(), picked.version.tolist()) == ([11, 14], [41, 44])
    part = whole.cut(101, 103)
    assert (part.start, part.index.tolist()) == (101, [11, 12])
    assert np.shares_memory(part.index, whole.index)
    assert not np.shares_memory(picked.index, whole.index)


def test_matrix_stacks_the_five_arrays() -> None:
    assert slots().matrix().shape == (5, 5)
    assert slots().matrix()[2].tolist() == [20, 21, 22, 23, 24]
