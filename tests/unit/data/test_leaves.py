from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from lightning_synthaug.data.leaves import like, to_array, to_value, type_name
from lightning_synthaug.errors import DataError


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I", "I;16", "F"]
)
def test_images_of_every_mode_come_back_pixel_for_pixel(mode: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (6, 5, 3), dtype=np.uint8)
    source = Image.fromarray(pixels)
    image = source.convert("L").convert(mode) if mode in ("I", "F", "1", "I;16", "LA") else source
    if image.mode != mode:
        image = Image.frombytes(
            mode,
            (5, 6),
            np.resize(pixels, (6, 5, len(Image.new(mode, (1, 1)).getbands()))).tobytes(),
        )
    made = like(to_array(image), image)
    assert (made.mode, made.size, made.tobytes()) == (image.mode, image.size, image.tobytes())


def test_tensors_of_every_dtype_come_back() -> None:
    for dtype in (
        torch.uint8,
        torch.int64,
        torch.float16,
        torch.float64,
        torch.bool,
        torch.complex64,
    ):
        tensor = torch.ones(2, 3).to(dtype)
        made = like(to_array(tensor.requires_grad_(dtype.is_floating_point)), tensor)
        assert made.dtype == dtype
        assert torch.equal(made, tensor)


def test_values_without_dimensions_become_numbers() -> None:
    values = [to_value(v) for v in (torch.tensor(3), np.array(2.5), np.bool_(True), "a", b"b", 4)]
    assert values == [3, 2.5, True, "a", b"b", 4]
    assert [type(v) for v in values] == [int, float, bool, str, bytes, int]


def test_other_things_are_refused() -> None:
    with pytest.raises(
        DataError, match=r"readable as a plain array, got a types\.SimpleNamespace|got a object"
    ):
        to_value(object())


def test_types_are_named_with_their_module() -> None:
    assert type_name(torch.zeros(1)) == "torch.Tensor"
    assert type_name([]) == "list"
