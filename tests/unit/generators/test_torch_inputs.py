from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lightning_synthaug.generators.torch_inputs import draw_latents


@pytest.mark.parametrize(("noise", "low", "high"), [("normal", -3, 3), ("uniform", -1, 1)])
def test_latents_follow_their_distribution(noise: Any, low: float, high: float) -> None:
    drawn = draw_latents([7, 8, 7], (2000,), noise)
    assert drawn.dtype == np.float32
    assert abs(float(drawn.mean())) < 0.1
    assert low * 1.5 < drawn[0].min() < low * 0.9
    assert high * 0.9 < drawn[0].max() < high * 1.5
    np.testing.assert_array_equal(drawn[0], drawn[2])
    assert not np.array_equal(drawn[0], drawn[1])


def test_seeds_use_all_64_bits() -> None:
    first, second = draw_latents([2**64 - 1, 2**32 - 1], (3, 1), "normal")
    assert first.shape == (3, 1)
    assert not np.array_equal(first, second)
