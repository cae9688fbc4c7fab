"""What a fill counts: samples, those given up, money and time, whichever way it ends."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lightning_synthaug.filling import GIVEN_UP, Limits
from lightning_synthaug.filling.account import Account
from lightning_synthaug.filling.made import Made
from lightning_synthaug.store import Store


def made(stored: int, given_up: int, again: int = 0) -> Made:
    count = stored + given_up
    places = np.zeros((count, 2), np.int64)
    places[stored:] = GIVEN_UP
    return Made(np.arange(count), places, [], stored, count + again)


def test_it_sums_up_and_charges_for_each_answer(tmp_path: Path) -> None:
    limits = Limits(100, money=10.0)
    with Store.open(tmp_path) as store:
        account = Account("gan", 20, store, limits, 0.5)
        with account:
            account.add(made(4, 0))
            account.add(made(3, 1, again=2))
    filled = account.filled("odd")
    assert filled[:2] == (7, 1)
    assert filled.reason == "odd"
    assert filled.seconds > 0
    assert limits.room(1000) == 93
    assert limits.room(1000, price=0.5) == 10  # ten answers cost half of the money


def test_the_clock_runs_while_samples_are_made_and_whatever_ends_it(tmp_path: Path) -> None:
    limits = Limits(seconds=1000.0)
    with Store.open(tmp_path) as store:
        account = Account("gan", 20, store, limits, 0.0)
        assert limits.seconds() == 1000.0
        with pytest.raises(ZeroDivisionError), account:
            raise ZeroDivisionError
    left = limits.seconds()
    assert left is not None
    assert left < 1000.0
    assert limits.seconds() == left
