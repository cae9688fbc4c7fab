"""Copies that a gate must find: what is done to real samples before they are planted among generated ones."""

from __future__ import annotations

import io
import math
from collections.abc import Callable

import numpy as np
import torch
from PIL import Image
from torch.nn import functional

__all__ = ["IMAGE_COPIES", "changed_gain", "one_word_changed"]

_Images = np.ndarray


def _shifted(images: _Images, rng: np.random.Generator) -> _Images:
    padded = np.pad(images, [(0, 0), (2, 2), (2, 2)], mode="edge")
    side = images.shape[1]
    corners = rng.integers(0, 5, (len(images), 2))
    return np.stack(
        [image[y : y + side, x : x + side] for image, (y, x) in zip(padded, corners, strict=True)]
    )


def _noisy(strength: float) -> Callable[[_Images, np.random.Generator], _Images]:
    def noisy(images: _Images, rng: np.random.Generator) -> _Images:
        noise = rng.normal(0, 255 * strength, images.shape)
        return np.clip(images + noise, 0, 255).astype(np.uint8)

    return noisy


def _jpeg(images: _Images, rng: np.random.Generator) -> _Images:
    out = []
    for image in images:
        file = io.BytesIO()
        Image.fromarray(image).save(file, format="JPEG", quality=75)
        out.append(np.asarray(Image.open(file)))
    return np.stack(out)


def _moved(turn: float, shift: float) -> Callable[[_Images, np.random.Generator], _Images]:
    def moved(images: _Images, rng: np.random.Generator) -> _Images:
        tensor = torch.from_numpy(images.astype(np.float32))[:, None]
        cos, sin, by = math.cos(turn), math.sin(turn), 2 * shift / images.shape[1]
        matrix = torch.tensor([[cos, -sin, by], [sin, cos, by]]).expand(len(images), 2, 3)
        grid = functional.affine_grid(matrix, list(tensor.shape), align_corners=False)
        there = functional.grid_sample(tensor, grid, padding_mode="border", align_corners=False)
        return there[:, 0].round().clamp(0, 255).to(torch.uint8).numpy()

    return moved


IMAGE_COPIES: dict[str, Callable[[_Images, np.random.Generator], _Images]] = {
    "exact": lambda images, rng: images,
    "shift up to 2 px": _shifted,
    "noise 0.05": _noisy(0.05),
    "JPEG 75": _jpeg,
    "noise 0.1": _noisy(0.1),
    "half a pixel": _moved(0.0, 0.5),
    "5 degrees": _moved(math.radians(5), 0.0),
}
"""Ways to change images of shape `(n, side, side)`, uint8."""


def one_word_changed(text: str, words: list[str], rng: np.random.Generator) -> str:
    """Put another word in the place of one."""
    own = text.split()
    own[int(rng.integers(len(own)))] = str(rng.choice(words))
    return " ".join(own)


def changed_gain(audio: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Make a recording louder or less loud, by up to 12 dB."""
    return (audio * 10 ** rng.uniform(-0.6, 0.0)).astype(audio.dtype)
