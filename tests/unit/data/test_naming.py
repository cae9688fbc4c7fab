from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from lightning_synthaug.data.naming import field_names, tensor_names

Pair = namedtuple("Pair", "y x extra")


def test_keys_keep_their_names_but_for_image_and_label() -> None:
    assert field_names({"pixel_values": 0, "labels": 1, "id": 2}, [0, 1, 2]) == (
        "image",
        "label",
        "id",
    )
    assert field_names({"image": 0, "x": 1, "label": 2}, [0, 1, 2]) == ("image", "x", "label")
    assert field_names(Pair(0, 1, 2), [0, 1, 2]) == ("label", "image", "extra")


def test_positions_decide_in_tuples() -> None:
    assert field_names(("a", 1, 2), ["a", 1, 2]) == ("text", "label", "field2")
    mask = Image.new("L", (2, 2))
    assert field_names((mask, mask), [mask, mask]) == ("image", "mask")
    assert field_names((), []) == ()


def test_tensors_are_named_by_position_and_by_holding_whole_numbers() -> None:
    whole, real = torch.arange(4), torch.rand(4, 2)
    assert tensor_names([real]) == ("image",)
    assert tensor_names([whole]) == ("image",)
    assert tensor_names([real, real]) == ("image", "label")
    assert tensor_names([real, whole, real]) == ("image", "label", "field2")
    assert tensor_names([real, whole, whole]) == ("image", "field1", "label")
    assert tensor_names([real, real, real]) == ("image", "field1", "field2")


def test_a_label_that_covers_the_image_is_its_mask() -> None:
    image, plane, vector = torch.zeros(3, 8, 9), torch.zeros(8, 9), torch.zeros(9)
    for mask in (plane, plane[None], np.zeros((8, 9), np.uint8)):
        assert field_names((image, mask), [image, mask]) == ("image", "mask")
    assert field_names({"x": image, "y": plane}, [image, plane]) == ("image", "mask")
    pil = Image.new("RGB", (9, 8))
    assert field_names((pil, plane), [pil, plane]) == ("image", "mask")
    for other in (vector, plane.T, torch.zeros(9, 8, 1)):
        assert field_names((image, other), [image, other]) == ("image", "label")
    assert field_names((vector, vector), [vector, vector]) == ("image", "label")
    both = {"image": image, "label": plane, "mask": plane}
    assert field_names(both, list(both.values())) == ("image", "label", "mask")
    assert tensor_names([torch.zeros(2, 3, 8, 9), torch.zeros(2, 8, 9)]) == ("image", "mask")


WAVE = np.zeros((1, 900), np.float32)


@pytest.mark.parametrize(
    ("item", "names"),
    [
        ((WAVE, 16000, "yes", "who", 3), ("audio", "rate", "label", "field3", "field4")),
        ((WAVE[0].astype(np.int16), 8000, 1), ("audio", "rate", "label")),
        ((torch.zeros(2, 5000), 1), ("audio", "label")),
        ((np.zeros(4000), 1), ("audio", "label")),
        ((np.zeros(4000), 16000, 1), ("audio", "rate", "label")),
        ((WAVE, 16000), ("image", "label")),  # 16000 is one of very many labels
        ((WAVE, 15999, 1), ("image", "label", "field2")),
        ((np.zeros(3072), 1), ("image", "label")),
        ((np.zeros(5000, np.int64), 1), ("image", "label")),
        ((np.zeros((3, 5000)), 1), ("image", "label")),
        ((np.zeros((40, 900), np.float32), 16000, 1), ("image", "label", "field2")),
        ({"waveform": WAVE, "sample_rate": 8000, "y": 1}, ("audio", "rate", "label")),
    ],
)
def test_waves_are_known_by_their_form(item: Any, names: tuple[str, ...]) -> None:
    assert field_names(item, list(item.values() if isinstance(item, dict) else item)) == names


def test_tensors_of_waves_are_too() -> None:
    assert tensor_names([torch.zeros(3, 1, 4000), torch.zeros(3).long()]) == ("audio", "label")
    assert tensor_names([torch.zeros(0, 1, 4000), torch.zeros(0).long()]) == ("image", "label")
