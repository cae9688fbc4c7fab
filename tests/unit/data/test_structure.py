from __future__ import annotations

from collections import namedtuple

import numpy as np
import torch
from PIL import Image

from lightning_synthaug.data.structure import Free, describe, differences, generalise, render

Pair = namedtuple("Pair", "image label")


def test_every_kind_of_leaf_and_container_is_written_as_a_user_would() -> None:
    item = {
        "image": torch.zeros(3, 4, 5),
        "raw": np.zeros(2, np.uint8),
        "pil": Image.new("RGB", (6, 7)),
        "pair": Pair(1, 2.0),
        "more": [True, "x", None, np.float32(1), (1,)],
        "scalar": torch.tensor(3),
    }
    assert render(describe(item)) == (
        "{'image': tensor float32 [3, 4, 5], 'raw': array uint8 [2], 'pil': image RGB [7, 6], "
        "'pair': Pair(image=int, label=float), "
        "'more': [bool, str, NoneType, numpy.float32, (int,)], 'scalar': tensor int64 []}"
    )


def test_what_varies_among_items_is_left_open() -> None:
    items = [(torch.zeros(3, 8, 9), [1, 2], 1), (torch.zeros(3, 8, 7), [1], None)]
    common = generalise([describe(item) for item in items])
    assert render(common) == "(tensor float32 [3, 8, *], ..., ...)"


def test_different_kinds_leave_everything_open() -> None:
    assert generalise([describe(1), describe((1,))]) == Free()
    assert generalise([describe((1,)), describe(1)]) == Free()
    assert list(differences(Free(), describe(3))) == []


def test_the_order_of_keys_does_not_count() -> None:
    assert not list(differences(describe({"a": 1, "b": "x"}), describe({"b": "y", "a": 2})))
    assert isinstance(
        generalise([describe({"a": 1, "b": 1}), describe({"b": 1, "a": 1})]).keys, tuple
    )  # type: ignore[union-attr]
