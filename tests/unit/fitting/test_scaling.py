from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lightning_synthaug.errors import DataError
from lightning_synthaug.fitting.scaling import one_size

WIDE = np.zeros((20, 60, 3), np.uint8)
WIDE[:, 20:40] = 200  # what is in the middle is kept


def test_the_middle_is_cut_out_and_scaled() -> None:
    (made,) = one_size([WIDE], 10)
    assert made.shape == (10, 10, 3)
    assert made.dtype == np.uint8
    assert made[:, 1:-1].min() > 190


def test_images_of_any_sizes_become_one_array() -> None:
    rng = np.random.default_rng(0)
    grey = [rng.integers(0, 256, (h, w), np.uint8) for h, w in ((7, 30), (40, 9), (8, 8))]
    made = one_size(grey, 8)
    assert made.shape == (3, 8, 8)
    assert np.array_equal(made[2], grey[2]), "what has the size stays as it is"
    floats = one_size([image / 255 for image in grey], 8)
    assert floats.dtype == np.float32
    assert np.abs(floats - made / 255).max() < 0.03
    assert floats.min() >= 0 and floats.max() <= 1


@pytest.mark.parametrize(
    ("images", "match"),
    [
        ([WIDE, WIDE[..., 0]], r"the same channels, got \['uint8\[8, 8, 3\]', 'uint8\[8, 8\]'\]"),
        ([WIDE, WIDE / 255], r"one dtype"),
        ([np.zeros(5)], r"\(rows, columns, channels\), got float64\[5\]"),
        ([np.zeros((0, 4))], r"got float64\[0, 4\]"),
        ([], r"got \[\]"),
    ],
)
def test_what_differs_in_more_than_its_size_is_refused(images: Any, match: str) -> None:
    with pytest.raises(DataError, match=rf"{match}.*SA440"):
        one_size(images, 8)
