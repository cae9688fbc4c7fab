from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lightning_synthaug.errors import DataError
from lightning_synthaug.fitting.data import fit_data
from lightning_synthaug.generators.fitted_on import image_digests

GREY = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)


def test_grey_bytes_become_channels_first_floats() -> None:
    data = fit_data(GREY, [5, -1, 5])
    assert data.images.shape == (3, 1, 4, 5)
    np.testing.assert_allclose(data.images[:, 0], GREY / 255, rtol=1e-6)
    assert (data.labels, data.classes.tolist(), data.dtype) == ([-1, 5], [1, 0, 1], "uint8")
    assert data.describe()["count_by_label"] == {"-1": 1, "5": 2}


def test_coloured_floats_are_kept() -> None:
    colours = np.random.default_rng(0).random((2, 4, 6, 3))
    data = fit_data(colours, np.array([0, 1]))
    assert data.images.shape == (2, 3, 4, 6)
    assert data.dtype == "float32"
    np.testing.assert_allclose(data.images[1, 2], colours[1, :, :, 2], rtol=1e-6)


def test_images_are_scaled_and_known_by_what_they_were() -> None:
    several = [GREY[0], np.full((9, 7), 3, np.uint8)]
    data = fit_data(several, [0, 1], size=4)
    assert data.images.shape == (2, 1, 4, 4)
    assert data.digests.tolist() == image_digests(several).tolist()
    assert data.take(np.array([1])).digests.tolist() == data.digests[1:].tolist()


def test_digest_follows_images_and_labels() -> None:
    first = fit_data(GREY, [0, 1, 2]).digest
    assert first == fit_data(GREY.copy(), np.array([0, 1, 2], np.int8)).digest
    assert len({first, fit_data(GREY + 1, [0, 1, 2]).digest, fit_data(GREY, [0, 1, 1]).digest}) == 3


@pytest.mark.parametrize(
    ("images", "labels", "match"),
    [
        (GREY[0], [0] * 4, r"`images` must be at least two .*got uint8\[4, 5\]"),
        (GREY[:1], [0], r"got uint8\[1, 4, 5\]"),
        (GREY[:, :3], [0] * 3, r"sides of at least 4, got uint8\[3, 3, 5\]"),
        (np.zeros((2, 4, 4, 9), np.uint8), [0, 1], r"got uint8\[2, 4, 4, 9\]"),
        (np.zeros((2, 3, 8, 8), np.uint8), [0, 1], r"channels last, got .*transpose\(0, 2, 3, 1\)"),
        (GREY.astype(np.int64), [0] * 3, r"uint8, or floating point in \[0, 1\], got int64"),
        (GREY.astype(np.float32), [0] * 3, r"must lie in \[0, 1\], got 0 to 59"),
        (np.full((2, 4, 4), np.nan), [0, 1], r"must lie in \[0, 1\], got nan to nan"),
        (GREY, [0, 1], r"one integer for each image, got int64\[2\] for 3"),
        (GREY, [0.5, 1, 2], r"one integer for each image, got float64\[3\]"),
        (GREY, [[0], [1], [2]], r"got int64\[3, 1\]"),
    ],
)
def test_other_data_are_refused(images: Any, labels: Any, match: str) -> None:
    with pytest.raises(DataError, match=rf"{match}.*SA440"):
        fit_data(images, labels)
