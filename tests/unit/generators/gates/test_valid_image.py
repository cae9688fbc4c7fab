from __future__ import annotations

import numpy as np
import pytest

from lightning_synthaug.data import Record
from lightning_synthaug.errors import ConfigError, GateError
from lightning_synthaug.generators.gates import ValidImage
from tests.helpers.samples import pictures, reasons, share_accepted

REAL = pictures(60)


def image(array: object) -> Record:
    return Record({"image": np.asarray(array)})


def one() -> np.ndarray:
    return np.asarray(pictures(1, seed=7)[0]["image"]).astype(np.float32)


BROKEN = {
    "flat": [
        np.zeros((16, 16, 3), np.uint8),
        np.full((16, 16, 3), 255, np.uint8),
        np.tile(np.array([250, 20, 90], np.uint8), (16, 16, 1)),  # one colour, and not grey
        (100 + 0.02 * one()).astype(np.uint8),
    ],
    "saturated bright": [np.clip(6 * one() - 400, 60, 255).astype(np.uint8)],
    "saturated dark": [np.clip(4 * (one() - 120), 0, 200).astype(np.uint8)],
    "not finite": [
        np.where(np.arange(768).reshape(16, 16, 3) == 5, np.nan, one() / 255),
        np.where(np.arange(768).reshape(16, 16, 3) == 5, np.inf, one() / 255),
    ],
    "noisy": [np.random.default_rng(0).integers(20, 200, (16, 16, 3), np.uint8)],
    "other scale": [one(), one() / 127.5 - 1],
}


@pytest.mark.parametrize("fault", BROKEN)
def test_each_fault_is_found_and_named(fault: str) -> None:
    found = reasons(ValidImage(), REAL, *map(image, BROKEN[fault]))
    assert found == [fault] * len(found)


def test_other_sound_images_pass() -> None:
    assert share_accepted(ValidImage(), REAL, pictures(300, seed=2)) >= 0.97


def test_a_float_image_is_compared_with_real_ones_of_8_bits() -> None:
    as_float = [image(np.asarray(r["image"]) / np.float32(255)) for r in pictures(4, seed=1)]
    assert reasons(ValidImage(), REAL, *as_float) == [""] * 4


def test_what_real_images_show_is_no_fault() -> None:
    drawings = [image(np.where(np.asarray(r["image"]) > 100, 255, 0)) for r in pictures(60)]
    drawings = [image(np.asarray(r["image"], np.uint8)) for r in drawings]
    assert reasons(ValidImage(), drawings, *drawings[:3]) == [""] * 3
    assert reasons(ValidImage(), REAL, *drawings[:1]) != [""]
    blanks = [image(np.full((16, 16, 3), 9, np.uint8))] * 6
    assert reasons(ValidImage(), [*REAL, *blanks], blanks[0]) == [""]


def test_sizes_count_where_that_is_wanted() -> None:
    small, grey = pictures(1, side=12)[0], pictures(1, channels=1)[0]
    assert reasons(ValidImage(), REAL, small, grey) == ["", ""]
    assert reasons(ValidImage(size=True), REAL, small, grey) == ["other size"] * 2
    several = [*REAL, *pictures(30, side=12)]
    assert reasons(ValidImage(size=True), several, *pictures(1, side=14)) == [""]
    assert reasons(ValidImage(size=True), several, *pictures(1, side=20)) == ["other size"]


def test_what_is_no_image_or_no_share_is_refused() -> None:
    with pytest.raises(GateError, match="SA450"):
        reasons(ValidImage(), REAL, Record({"text": "no"}))
    with pytest.raises(ConfigError, match=r"`share`.*got 1.*SA452"):
        ValidImage(share=1)
