"""Vectors of images do not depend on contrast, and little on small changes."""

from __future__ import annotations

import numpy as np
import pytest

from lightning_synthaug.data import Record
from lightning_synthaug.generators.gates.embeddings import OrientedGradients, gradients
from tests.helpers.shapes import shapes

SOME = shapes(30)
IMAGES = np.stack([np.asarray(r["image"]) for r in SOME])
LABELS = np.array([r["label"] for r in SOME])


def test_labels_lie_apart() -> None:
    vectors = OrientedGradients().embed(SOME)
    assert vectors.dtype == np.float32
    distances = np.linalg.norm(vectors[:, None] - vectors, axis=2)
    distances[np.diag_indices(30)] = np.inf
    assert np.mean(LABELS[distances.argmin(1)] == LABELS) > 0.7  # a third by chance


def test_contrast_and_brightness_count_less_than_shape() -> None:
    darker = [Record({"image": (i * 0.7 + 60).astype(np.uint8)}) for i in IMAGES]
    one, other = OrientedGradients().embed(SOME), OrientedGradients().embed(darker)
    spread = np.linalg.norm(one - one.mean(0), axis=1).mean()
    assert np.linalg.norm(one - other, axis=1).max() < 0.6 * spread


def test_colours_count_where_there_are_some() -> None:
    red, blue = np.zeros((2, 16, 16, 3), np.uint8)
    red[4:12, 4:12, 0] = blue[4:12, 4:12, 2] = 200
    one, other = OrientedGradients().embed([Record({"image": i}) for i in (red, blue)])
    assert np.linalg.norm(one - other) > 0.1


def test_variants_are_near_their_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradients, "_AT_ONCE", 7)
    embedding = OrientedGradients()
    vectors, variants = embedding.embed(SOME), embedding.variants(SOME, 3)
    assert variants.shape == (90, vectors.shape[1])
    own = np.linalg.norm(variants.reshape(3, 30, -1) - vectors, axis=2)
    others = np.linalg.norm(vectors[:, None] - vectors, axis=2)
    assert np.median(own) < np.median(others)
    assert embedding.variants(SOME, 0).shape == (0, vectors.shape[1])


def test_settings_are_told_apart() -> None:
    kinds = [OrientedGradients(), OrientedGradients(side=16), OrientedGradients(bins=6)]
    assert len({k.fingerprint() for k in kinds}) == 3
    assert kinds[1].embed(SOME[:2]).shape == kinds[0].embed(SOME[:2]).shape
