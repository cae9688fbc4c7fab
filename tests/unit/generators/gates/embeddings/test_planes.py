"""Images of any kind become arrays of one size; variants show the same."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lightning_synthaug.data import Record
from lightning_synthaug.errors import GateError
from lightning_synthaug.generators.gates.embeddings.planes import deformed, image_of, planes

RNG = np.random.default_rng(0)


def of(*images: np.ndarray) -> list[Record]:
    return [Record({"image": image}) for image in images]


def test_kinds_of_images_become_alike() -> None:
    grey = RNG.integers(0, 256, (8, 8), np.uint8)
    scaled = planes(of(grey, grey[..., None], (grey / 255).astype(np.float32)), 8)
    assert scaled.shape == (3, 1, 8, 8)
    assert torch.allclose(scaled[0], scaled[1])
    assert torch.allclose(scaled[0], scaled[2], atol=1e-6)
    assert torch.allclose(scaled[0, 0], torch.from_numpy(grey / 255).float())


def test_transparency_is_left_out_and_sizes_may_differ() -> None:
    colour = RNG.integers(0, 256, (8, 8, 4), np.uint8)
    assert torch.equal(planes(of(colour), 4), planes(of(colour[..., :3]), 4))
    mixed = planes(of(colour, RNG.integers(0, 256, (16, 12), np.uint8)), 4)
    assert mixed.shape == (2, 1, 4, 4)


def test_what_has_no_image_is_refused() -> None:
    for wrong in (Record({"text": "a"}), Record({"image": np.zeros((0, 3))}), Record({"image": 3})):
        with pytest.raises(GateError, match="SA450"):
            image_of(wrong)


def test_variants_differ_a_little_and_are_the_same_each_time() -> None:
    smooth = torch.nn.functional.interpolate(torch.rand(5, 1, 4, 4), (24, 24), mode="bicubic")
    one, other = deformed(smooth, 0), deformed(smooth, 1)
    assert torch.equal(one, deformed(smooth, 0))
    assert not torch.allclose(one, other, atol=0.05)
    assert one.shape == smooth.shape
    alone = torch.corrcoef(torch.stack([smooth[0].flatten(), one[0].flatten()]))[0, 1]
    assert alone > 0.4
