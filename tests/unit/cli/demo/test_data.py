from __future__ import annotations

import numpy as np
import pytest

from lightning_synthaug.assets import Digits, digits_split
from lightning_synthaug.cli.demo.data import classical, draw, joined, training_set


def images(digits: Digits) -> set[bytes]:
    return {image.tobytes() for image in digits.images}


@pytest.mark.parametrize("size", [5, 20])
def test_a_draw_is_level_distinct_and_from_the_pool(size: int) -> None:
    pool = digits_split().train_pool
    drawn = draw(pool, size, seed=3)
    assert np.bincount(drawn.labels).tolist() == [size] * 10
    assert len(images(drawn)) == 10 * size
    assert images(drawn) <= images(pool)


def test_a_draw_hangs_on_its_seed_alone() -> None:
    pool = digits_split().train_pool
    assert (draw(pool, 5, 1).images == draw(pool, 5, 1).images).all()
    assert (draw(pool, 5, 1).images != draw(pool, 5, 2).images).any()


def test_no_training_digit_is_a_test_digit() -> None:
    split = digits_split()
    everything = joined(split.train_pool, split.partner)
    assert len(everything) == len(split.train_pool) + len(split.partner)
    assert not images(everything) & images(split.test)


@pytest.mark.parametrize(("size", "rows"), [(5, 1000), (20, 1000)])
def test_a_training_set_lists_each_digit_equally_often(size: int, rows: int) -> None:
    drawn = draw(digits_split().train_pool, size, seed=0)
    dataset = training_set(drawn, 1000)
    pixels, labels = dataset.tensors
    assert pixels.shape == (rows, 1, 8, 8)
    assert labels.bincount().tolist() == [rows // 10] * 10
    counts = np.unique(pixels.numpy().reshape(rows, -1), axis=0, return_counts=True)[1]
    assert set(counts.tolist()) == {rows // (10 * size)}


def test_many_digits_are_listed_once() -> None:
    partner = digits_split().partner
    assert len(training_set(partner, 100)) == len(partner)


def test_the_classical_moves_keep_form_and_type() -> None:
    image = digits_split().train_pool.images[0]
    moved = classical()(image=image)["image"]
    assert (moved.shape, moved.dtype) == (image.shape, image.dtype)
