"""Copies of images are near whatever was done to them; others are not."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from lightning_synthaug.data import Record
from lightning_synthaug.generators.gates import alignment
from lightning_synthaug.generators.gates.alignment import AlignedImages
from tests.helpers.shapes import shapes

REAL = shapes(90)
IMAGES = np.stack([np.asarray(r["image"]) for r in REAL])


def of(images: np.ndarray) -> list[Record]:
    return [Record({"image": image}) for image in images]


def natural() -> float:
    """What real samples are from each other at least."""
    return float(np.quantile(AlignedImages(REAL).distances(REAL, range(90))[:, 0], 0.02))


CHANGES = {
    "none": IMAGES,
    "shift": np.roll(IMAGES, (2, -1), (1, 2)),
    "darker": (IMAGES * 0.5 + 40).astype(np.uint8),
    "noise": (IMAGES + np.random.default_rng(0).normal(0, 5, IMAGES.shape))
    .clip(0, 255)
    .astype(np.uint8),
    "float": (IMAGES / 255).astype(np.float32),
    "colour": np.repeat(IMAGES[..., None], 3, -1),
    "larger": IMAGES.repeat(2, 1).repeat(2, 2),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_nearer_than_real_samples_are_to_each_other(change: str) -> None:
    measured = AlignedImages(REAL).distances(of(CHANGES[change]))
    assert np.quantile(measured[:, 0], 0.97) < natural()
    assert (measured[:, 1] >= measured[:, 0]).all()


def test_other_images_and_noise_are_farther() -> None:
    measure = AlignedImages(REAL)
    others = measure.distances(shapes(60, first=1000))[:, 0]
    noise = np.random.default_rng(0).integers(0, 256, (20, 20, 20), np.uint8)
    assert np.quantile(others, 0.1) > natural() / 2
    assert measure.distances(of(noise))[:, 0].min() > np.quantile(others, 0.98)
    flat = measure.distances(of(np.full((2, 20, 20), 7, np.uint8)))
    assert np.isfinite(flat).all()


def test_neighbours_in_a_batch_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    measure = AlignedImages(REAL)
    some = shapes(12, first=500)
    together = measure.distances(some)
    monkeypatch.setattr(alignment, "_AT_ONCE", 5)
    monkeypatch.setattr(alignment, "_CLOSELY_AT_ONCE", 3)
    apart = np.concatenate([measure.distances(some[:1]), measure.distances(some[1:])])
    assert np.allclose(together, apart, atol=1e-5)
    again = pickle.loads(pickle.dumps(measure))
    assert np.allclose(again.distances(some), together, atol=1e-5)


def test_a_reference_is_left_out_where_it_is_measured_itself() -> None:
    measure = AlignedImages(REAL[:5])
    assert measure.distances(REAL[:5])[:, 0].max() < 1e-3
    assert measure.distances(REAL[:5], range(5))[:, 0].min() > 1e-3


def test_tiny_images_are_told_apart() -> None:
    tiny = [Record({"image": np.asarray(r["image"])[2:18:2, 2:18:2]}) for r in REAL]
    measured = AlignedImages(tiny).distances(tiny, range(90))
    assert np.median(measured[:, 0]) > 0.01
    assert AlignedImages(tiny).distances(tiny)[:, 0].max() < 1e-3
