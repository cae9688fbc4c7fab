"""What real samples tell: when two are alike, and what lies near one."""

from __future__ import annotations

import numpy as np
import pytest

from lightning_synthaug.generators.gates.watch import Reference


def vectors(count: int, spread: float = 1.0, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).normal(size=(count, 6)) * spread).astype(np.float32)


def test_alike_is_nearer_than_real_samples_are() -> None:
    labels = np.repeat([0, 1], 100)
    real = Reference(np.concatenate([vectors(100), vectors(100, 0.1, 1)]), labels)
    wide, tight = real.group(0), real.group(1)
    assert wide.alike == pytest.approx(100 * tight.alike, rel=0.5)
    assert wide.usual == tight.usual == 1.0
    assert wide.window == 16


def test_few_samples_have_a_small_window_and_others_tell_how_far_is_far() -> None:
    labels = np.array([0] * 60 + [1] * 5)
    real = Reference(vectors(65), labels)
    assert real.group(1).window == 1
    assert real.group(1).alike == pytest.approx(real.group(0).alike, rel=0.2)
    assert real.group(0).radii.size == 60
    assert not real.group(1).radii.size


def test_what_no_real_sample_shows_is_held_against_all() -> None:
    real = Reference(vectors(40), np.repeat([0, 1], 20))
    assert real.group(7) is real.group(None)
    assert real.group(None).members.size == 40
    assert Reference(vectors(40), None).group(3).members.size == 40


def test_real_samples_that_are_all_the_same_ask_for_nothing() -> None:
    real = Reference(np.ones((30, 6), np.float32), None)
    assert real.group(None).usual == 0.0
    assert 0 < real.group(None).alike < 1e-3


@pytest.mark.parametrize("count", [1, 2, 3])
def test_one_sample_is_enough(count: int) -> None:
    real = Reference(vectors(count), np.zeros(count, np.int64))
    group = real.group(0)
    assert (group.window, group.radii.size) == (1, 0)
    assert group.alike > 0


def test_a_sample_covers_few_of_many() -> None:
    real = Reference(vectors(200), None)
    group = real.group(None)
    new = vectors(300, seed=5)
    near = np.square(new[:, None] - real.vectors).sum(-1) <= group.radii
    assert 1 < near.sum(1).mean() < 6  # the third neighbour: about three
