from __future__ import annotations

import numpy as np
import pytest

from lightning_synthaug.mixing.accounts import Account
from lightning_synthaug.mixing.causes import DAMAGED, MISFIT, STARVED
from lightning_synthaug.mixing.message import Delivered
from lightning_synthaug.plan import PlannedSlots


def block() -> PlannedSlots:
    source = np.array([0, 1, 1, 0, 1, 1, 0, 1])
    made = PlannedSlots(100, source, *(np.arange(8) for _ in range(4)))
    made.freeze()
    return made


@pytest.mark.parametrize("rows", [slice(2, 6), np.array([2, 3, 4, 5])])
def test_rows_are_a_slice_or_numbers(rows: slice | np.ndarray) -> None:
    account = Account(block(), rows, None)
    assert (account.size, account.positions().tolist()) == (4, [2, 3, 4, 5])
    assert account.planned().tolist() == [1, 0, 1, 1]
    assert account.some(np.array([0, 3])).index.tolist() == [2, 5]
    told = account.written(7)
    assert (told.number, told.slots.tolist()) == (7, [102, 103, 104, 105])
    assert told.planned is told.served


def test_what_a_worker_found_is_taken_in() -> None:
    served = np.array([0, 0, 1, 1])
    codes = np.array([STARVED, 0, 0, 0], np.int8)
    account = Account(block(), slice(2, 6), served, codes)
    told = account.told(Delivered(7, np.array([2]), "MixUp", np.array([3])))
    assert told.served is not None
    assert told.codes is not None
    assert told.served.tolist() == [0, 0, 0, 0]
    assert told.codes.tolist() == [STARVED, 0, DAMAGED, MISFIT]
    assert (told.mixed, account.served, account.codes) == ("MixUp", served, codes)
    assert served.tolist() == [0, 0, 1, 1]
    assert codes.tolist() == [STARVED, 0, 0, 0]
    plain = Account(block(), slice(0, 1), None).told(Delivered(7, None, "MixUp"))
    assert (plain.served, plain.codes, plain.mixed) == (None, None, "MixUp")
