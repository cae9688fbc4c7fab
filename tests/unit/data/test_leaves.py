from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from lightning_synthaug.data.leaves import (
    image_of,
    like,
    to_array,
    to_value,
    type_name,
    without_palette,
)
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


def test_tensors_that_are_conjugated_when_they_are_read_come_back() -> None:
    value = torch.tensor([1 + 2j, 3 - 1j])
    assert to_array(value.conj()).tolist() == [1 - 2j, 3 + 1j]
    assert to_array(value.conj().imag).tolist() == [-2.0, 1.0]


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


def test_a_palette_gives_way_to_its_colours() -> None:
    red = Image.new("RGB", (3, 2), (255, 0, 0)).convert("P")
    assert np.asarray(without_palette(red)).tolist() == [[[255, 0, 0]] * 3] * 2
    red.info["transparency"] = 0
    assert without_palette(red).mode == "RGBA"
    assert without_palette(red.convert("PA")).mode == "RGBA"
    plain = Image.new("L", (3, 2))
    assert without_palette(plain) is plain
    assert without_palette("P") == "P"


@pytest.mark.parametrize(
    ("shape", "mode"),
    [((2, 3), "L"), ((2, 3, 1), "L"), ((2, 3, 2), "LA"), ((2, 3, 3), "RGB"), ((2, 3, 4), "RGBA")],
)
def test_pixels_tell_their_mode(shape: tuple[int, ...], mode: str) -> None:
    image = image_of(np.zeros(shape, np.uint8))
    assert (image.mode, image.size) == (mode, (3, 2))


def test_what_is_no_picture_of_bytes_tells_no_mode() -> None:
    for array in (np.zeros((2, 3)), np.zeros(4, np.uint8), np.zeros((2, 3, 5), np.uint8)):
        assert image_of(array) is None
