"""The classifier learns what is not linear, and tells in closed form what it would say without a sample."""

from __future__ import annotations

import pickle

import numpy as np

from lightning_synthaug.generators.gates.kernel import KernelClassifier, squared_distances


def rings(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Points on three rings around each other."""
    rng = np.random.default_rng(seed)
    classes = np.arange(count) % 3
    radius, angle = 1 + classes + rng.normal(0, 0.15, count), rng.uniform(0, 2 * np.pi, count)
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1)
    return points.astype(np.float32), classes


def test_it_tells_rings_apart() -> None:
    classifier = KernelClassifier(*rings(300, 0), 3)
    points, classes = rings(600, 1)
    probabilities = classifier.probabilities(points)
    assert np.allclose(probabilities.sum(1), 1)
    assert np.mean(probabilities.argmax(1) == classes) > 0.97
    again = pickle.loads(pickle.dumps(classifier))
    assert np.array_equal(again.probabilities(points), probabilities)
    assert len(pickle.dumps(classifier)) < 300 * 300


def test_held_out_groups_are_told_as_without_them() -> None:
    points, classes = rings(60, 0)
    groups = np.tile(np.arange(20), 3)  # the last example of a group is not beside the first
    told = KernelClassifier(points, classes, 3).held_out(groups)
    assert told.shape == (20, 3)
    whole = KernelClassifier(points, classes, 3)
    for group in (0, 7, 19):
        rest = groups != group
        fitted = KernelClassifier(points[rest], classes[rest], 3)
        fitted._scale = whole._scale
        kernel = fitted._kernel(points[rest]).astype(float) + 0.1 * np.eye(rest.sum())
        fitted._weights = np.linalg.solve(
            kernel, np.where(classes[rest][:, None] == range(3), 1, -1)
        )
        assert np.allclose(fitted.probabilities(points[group][None]), told[group], atol=1e-4)


def test_distances_are_never_negative() -> None:
    points = 1e4 + rings(50, 0)[0]
    distances = squared_distances(points, points)
    assert distances.shape == (50, 50)
    assert distances.min() >= 0
