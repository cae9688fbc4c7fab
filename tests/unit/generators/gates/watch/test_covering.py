from __future__ import annotations

import numpy as np

from lightning_synthaug.generators.gates.watch.covering import Covering


def test_it_is_what_none_of_the_window_covers() -> None:
    rng = np.random.default_rng(0)
    near = rng.random((300, 20)) < 0.1
    covering = Covering(5, 20)
    for i, row in enumerate(near):
        before = near[max(0, i - 5) : i].any(axis=0)
        assert covering.add(row) == (None if i < 5 else bool((row & ~before).any()))


def test_what_lies_near_nothing_covers_nothing() -> None:
    covering = Covering(2, 3)
    assert [covering.add(np.zeros(3, bool)) for _ in range(4)] == [None, None, False, False]
