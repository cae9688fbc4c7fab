from __future__ import annotations

import numpy as np
import pytest

from lightning_synthaug.generators.gates.watch.windows import Windows


def test_batches_do_not_matter() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(200, 5)).astype(np.float32)
    labels = rng.integers(0, 4, 200).tolist()
    sizes = {0: 16, 1: 3, 2: 1, 3: 8}
    whole = Windows().nearest(vectors, labels, sizes)
    windows, pieces = Windows(), []
    for i in range(0, 200, 7):
        pieces += windows.nearest(vectors[i : i + 7], labels[i : i + 7], sizes)
    assert whole[0] is pieces[0] is None
    assert pieces[1:] == pytest.approx(whole[1:], abs=1e-4)


def test_it_is_the_nearest_of_the_last_ones() -> None:
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(120, 5)).astype(np.float32)
    labels = rng.integers(0, 3, 120).tolist()
    told = Windows().nearest(vectors, labels, {0: 5, 1: 5, 2: 5})
    for i in range(1, 120):
        mine = [j for j in range(i) if labels[j] == labels[i]][-5:]
        near = {*mine, *range(max(0, i - 16), i)}
        least = min(float(np.square(vectors[i] - vectors[j]).sum()) for j in near)
        assert told[i] == pytest.approx(least, abs=1e-4)


def test_no_more_is_kept_than_is_needed() -> None:
    windows = Windows()
    for _ in range(30):
        windows.nearest(np.zeros((50, 4), np.float32), [0, 1] * 25, {0: 16, 1: 2})
    assert sorted(map(len, windows._last.values())) == [2, 16, 16]
    assert all(kept.base is None for kept in windows._last.values())  # no whole batch behind it
