from __future__ import annotations

import numpy as np
import torch

from lightning_synthaug.mixing.causes import DAMAGED, MISFIT, REJECTED, STARVED, UNMAKEABLE
from lightning_synthaug.mixing.totals import Totals


def test_mean_losses_carry_the_names_of_sources() -> None:
    totals = Totals(["a", "b"])
    assert totals.mean_losses() == {}
    totals.losses.add(torch.tensor([1.0, 3.0, 5.0]), np.array([0, 2, 2]))
    assert totals.mean_losses() == {"loss/real": 1.0, "loss/b": 4.0}
    assert totals.mean_losses() == {}


def test_what_is_planned_is_served_or_counted_under_its_cause() -> None:
    totals = Totals(["a"])
    totals.count(np.array([0, 1, 1]), None)
    codes = np.array([0, 0, STARVED, REJECTED, UNMAKEABLE, DAMAGED, MISFIT], np.int8)
    totals.count(np.array([0, 1, 1, 1, 1, 1, 1]), codes)
    assert (totals.rows, totals.planned, totals.served) == (10, 8, 3)
    assert (totals.misses, totals.unmakeable) == (4, 1)
    assert (totals.starved, totals.rejected) == (2, 1)
