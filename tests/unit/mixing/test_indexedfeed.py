"""What feeds share is tested with each of them; here, what happens where a loader is read ahead."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lightning_synthaug.mixing import Course, Feed, IndexedFeed, Mixture, Progress, Recipe
from lightning_synthaug.mixing.message import Delivered
from lightning_synthaug.plan import Epoch
from tests.helpers.traced import traced_dataset


class Framework(Progress):
    """The clock of something that fetches one batch ahead of what it trains on."""

    def __init__(self) -> None:
        self.trained = 0
        self.begun = True

    def done(self) -> int:
        return self.trained

    def total(self, epoch_batches: int) -> int | None:
        return None

    def coming(self, epoch_batches: int) -> int:
        return epoch_batches

    def amid(self) -> bool:
        return self.begun


def feed(clock: Progress) -> IndexedFeed:
    recipe = Recipe(source=traced_dataset(9, source=1), ratio=0.5)
    return Feed(
        Mixture(recipe, traced_dataset(12)),
        Epoch(12, 4),
        rank=0,
        leader=True,
        shuffle=True,
        progress=clock,
        course=Course("error", tell=None),
    )


@pytest.mark.parametrize(("amid", "first"), [(True, 3), (False, 2)])
def test_a_loader_begun_anew_amid_an_epoch_goes_on_after_what_was_fetched(
    amid: bool, first: int
) -> None:
    clock = Framework()
    f = feed(clock)
    f.begin()
    for number in range(3):
        f.message(number)
        f.deliver(Delivered(number, None))
    clock.trained, clock.begun, f.ended = 2, amid, True
    f.begin()
    assert f.start == first
    served = f.served()
    assert served is None or served.number == 2


def test_rows_that_do_not_fit_are_counted_apart(capfd: Any) -> None:
    f = feed(Framework())
    f.begin()
    for number in range(2):
        f.message(number)
        f.deliver(Delivered(number, None, None, np.array([1])))
    served = f.served()
    assert served is not None
    assert (f.totals.planned, f.totals.served, f.totals.misses) == (4, 2, 2)
    told = capfd.readouterr().err
    assert told.count("1 of 2 synthetic rows of a batch do not fit it") == 1
    assert "cache" not in told
