from __future__ import annotations

from collections import namedtuple

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
