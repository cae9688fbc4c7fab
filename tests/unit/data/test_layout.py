from __future__ import annotations

import numpy as np
import pytest

from lightning_synthaug.data.layout import from_record_layout, to_record_layout


@pytest.mark.parametrize(
    "shape", [(8, 9), (1, 8, 9), (3, 8, 9), (4, 8, 9), (8, 9, 3), (8, 9, 1), (3, 9, 3), (5, 6, 7)]
)
def test_there_and_back_changes_nothing(shape: tuple[int, ...]) -> None:
    image = np.arange(np.prod(shape)).reshape(shape)
    back = from_record_layout(to_record_layout(image), shape)
    assert back is not None
    assert np.array_equal(back, image)


@pytest.mark.parametrize("shape", [(8, 9), (1, 8, 9), (3, 8, 9), (8, 9, 3), (5, 6, 7)])
def test_a_stack_is_laid_out_like_each_of_its_images(shape: tuple[int, ...]) -> None:
    images = np.arange(2 * np.prod(shape)).reshape(2, *shape)
    records = np.stack([to_record_layout(image) for image in images])
    back = from_record_layout(records, shape, batched=True)
    assert back is not None
    assert np.array_equal(back, images)


@pytest.mark.parametrize(
    ("record", "dataset", "result"),
    [
        ((8, 9), (1, 8, 9), (1, 8, 9)),
        ((8, 9), (8, 9, 1), (8, 9, 1)),
        ((8, 9, 1), (8, 9), (8, 9)),
        ((5, 7, 3), (3, 8, 9), (3, 5, 7)),
        ((3, 8, 9), (3, 8, 9), (3, 8, 9)),
        ((8, 9, 3), (8, 9), None),
        ((8, 9), (3, 8, 9), None),
        ((8, 9), (5, 6, 7), None),
        ((8, 9, 4), (3, 8, 9), None),
        ((8, 9, 4), (8, 9, 3), None),
        ((8,), (8, 9), None),
        ((8, 9, 3, 3), (3, 8, 9), None),
    ],
)
def test_height_and_width_are_free_and_channels_are_not(
    record: tuple[int, ...], dataset: tuple[int, ...], result: tuple[int, ...] | None
) -> None:
    made = from_record_layout(np.zeros(record), dataset)
    assert (None if made is None else made.shape) == result
