from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from lightning_synthaug.data.element import Element
from lightning_synthaug.errors import DataError


@pytest.mark.parametrize(
    ("example", "value", "made"),
    [
        (3, 4, 4),
        (3, 4.0, 4),
        (3, 4.5, None),
        (3, float("nan"), None),
        (3, float("inf"), None),
        (3, 10**30, 10**30),
        (True, 1, True),
        (True, 2, None),
        (0.5, 1, 1.0),
        (0.5, 2**60 + 1, None),
        (np.uint8(3), 200, 200),
        (np.uint8(3), 300, None),
        (np.float32(3), 0.1, None),
        (torch.tensor(3), 4, 4),
        (torch.tensor([3], dtype=torch.uint8), -1, None),
        ("a", "b", "b"),
        ("a", b"b", None),
        ("a", 1, None),
        (1, "1", None),
        (torch.tensor(3), "1", None),
        (torch.zeros(2), 1, None),
    ],
)
def test_numbers_and_text_are_made_exactly_or_not_at_all(
    example: Any, value: Any, made: Any
) -> None:
    result = Element("label", example).make(value)
    assert result == made
    if made is not None:
        assert type(result) is type(example)


def test_only_pictures_have_a_layout() -> None:
    example = torch.zeros(3, 8, 9)
    assert Element("image", example).make(np.zeros((8, 9, 3), np.float32)).shape == (3, 8, 9)
    assert Element("field2", example).make(np.zeros((8, 9, 3), np.float32)).shape == (8, 9, 3)
    assert Element("field2", example).make(np.zeros((8, 9), np.float32)) is None
    assert Element("field2", example).read(example).shape == (3, 8, 9)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("example", "stackable"),
    [
        (1, True),
        (torch.tensor(1), True),
        (np.zeros(2), True),
        (np.array(2), False),
        (np.float64(2), False),
        ("a", False),
        (Image.new("L", (2, 2)), False),
    ],
)
def test_what_collates_to_one_tensor_is_stackable(example: Any, stackable: bool) -> None:
    assert Element("x", example).stackable is stackable


def test_what_no_record_can_hold_is_refused() -> None:
    with pytest.raises(DataError, match=r"readable as a plain array, got a object.*\[SA202\]"):
        Element("x", object())


@pytest.mark.parametrize(
    ("example", "given"),
    [((1, 9), (9,)), ((9, 1), (9,)), ((9,), (1, 9)), ((9,), (9, 1)), ((2, 9), (2, 9))],
)
def test_an_axis_for_one_channel_of_sound_comes_and_goes(
    example: tuple[int, ...], given: tuple[int, ...]
) -> None:
    waves = np.arange(np.prod(given), dtype=np.float32).reshape(given)
    element = Element("audio", torch.zeros(example))
    made = element.make(waves)
    assert made.shape == example and made.numpy().ravel().tolist() == waves.ravel().tolist()
    assert element.stack(np.stack([waves] * 3)).shape == (3, *example)  # type: ignore[union-attr]
    assert Element("field2", torch.zeros(example)).make(np.zeros((3, 3, 9), np.float32)) is None


def test_two_channels_do_not_become_one() -> None:
    assert Element("audio", torch.zeros(1, 9)).make(np.zeros(9, np.float64)) is None
    assert Element("audio", torch.zeros(9)).make(np.zeros((2, 9), np.float32)) is None
