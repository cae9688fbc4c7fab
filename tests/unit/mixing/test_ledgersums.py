from __future__ import annotations

import numpy as np

from lightning_synthaug.mixing.ledgersums import SourceSums, Sums
from lightning_synthaug.mixing.ledgertrack import Slots


def test_slots_are_added_up_by_source_and_cause() -> None:
    sums = Sums()
    codes = np.array([0, 1, 1, 5], np.int8)
    slots = Slots(np.array([1, 1, 2, 3]), codes, np.array([4]), np.array([9]))
    sums.add(["a", "b"], slots)
    sums.add(["a", "b"], slots)
    assert sums.rows == 18
    assert list(sums.sources) == ["a", "b", "source 3"]
    assert (sums.sources["a"].planned, sums.sources["a"].served) == (4, 2)
    assert sums.sources["b"].substituted["starved"] == 2
    assert sums.sources["source 3"].substituted["misfit"] == 2
    assert SourceSums().served == 0
