from __future__ import annotations

import numpy as np

from lightning_synthaug.filling import GIVEN_UP, UNKNOWN
from lightning_synthaug.mixing.causes import (
    CAUSES,
    DAMAGED,
    MISFIT,
    REJECTED,
    STARVED,
    UNMAKEABLE,
    causes,
)
from lightning_synthaug.plan import PlannedSlots

GENERATED = np.array([False, True, False])


def slots(source: list[int], index: list[int]) -> PlannedSlots:
    arrays = np.array([source, index, index, index, index], np.int64)
    return PlannedSlots(0, *arrays)


def test_each_loss_has_its_cause() -> None:
    planned = slots([0, 1, 1, 1, 1, 1, 2, 2], [5, 0, 1, 2, -1, 3, 0, 1])
    served = np.array([0, 1, 0, 0, 0, 0, 2, 0])
    shard = np.array([UNKNOWN, 7, UNKNOWN, GIVEN_UP, UNKNOWN, 7, UNKNOWN, UNKNOWN])
    told = causes(planned, served, shard, GENERATED)
    assert told is not None
    assert told.tolist() == [0, 0, STARVED, REJECTED, UNMAKEABLE, MISFIT, 0, MISFIT]


def test_nothing_is_told_where_all_is_as_planned() -> None:
    planned = slots([0, 1, 2], [1, 0, 0])
    assert causes(planned, planned.source, np.array([UNKNOWN, 3, UNKNOWN]), GENERATED) is None


def test_codes_are_places_of_their_names() -> None:
    codes = dict(zip(CAUSES, (STARVED, REJECTED, UNMAKEABLE, DAMAGED, MISFIT), strict=True))
    assert list(codes.values()) == list(range(1, len(CAUSES) + 1))
