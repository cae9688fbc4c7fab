"""Images of any kind as arrays of one size, and variants of them that show the same."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lightning_synthaug.errors import GateError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    from torch import Tensor

    from lightning_synthaug.data.record import Record

__all__ = ["deformed", "image_of", "planes"]

#: How far variants go: degrees, stretch, shear, shift as a share of the side, and of a wavy grid.
_TURN, _STRETCH, _SHEAR, _SHIFT, _WAVE = 12.0, 0.12, 0.15, 0.07, 0.05
#: Points of the wavy grid along a side.
_KNOTS = 5


def image_of(record: Record) -> npt.NDArray[Any]:
    """Take the image out of a record.

    Args:
        record: With the field `image`.

    Returns:
        The array. Shape `(H, W)` or `(H, W, C)`.

    Raises:
        GateError: There is none (SA450).
    """
    image = record.get("image")
    if not isinstance(image, np.ndarray) or image.ndim not in (2, 3) or not image.size:
        raise GateError(
            "SA450",
            'A gate for images needs the field "image" of shape (H, W) or (H, W, C) in each sample, '
            f"got {record!r}. Use a gate for its modality, or pass `record=`.",
        )
    return image


def planes(records: Sequence[Record], side: int) -> Tensor:
    """Scale images to one size.

    Args:
        records: With the field `image`.
        side: Rows and columns of the result, >= 1.

    Returns:
        Grey and colour as they are, transparency left out; 8-bit values become [0, 1]. float32,
        shape `(n, C, side, side)` with C 1 or 3.
    """
    import torch
    from torch.nn import functional

    scaled: list[Tensor] = []
    for record in records:
        image = image_of(record)
        image = image[:, :, None] if image.ndim == 2 else image
        channels = image.shape[2] if image.shape[2] in (1, 3) else 3 if image.shape[2] == 4 else 1
        array = np.ascontiguousarray(image[:, :, :channels].transpose(2, 0, 1), np.float32)
        plane = torch.from_numpy(array / 255 if image.dtype == np.uint8 else array.copy())[None]
        scaled.append(plane)
    if any(s.shape[1] != scaled[0].shape[1] for s in scaled):
        scaled = [s.mean(1, keepdim=True) for s in scaled]
    if all(s.shape == scaled[0].shape for s in scaled):
        scaled = [torch.cat(scaled)]
    return torch.cat(
        [functional.interpolate(s, (side, side), mode="bilinear", antialias=True) for s in scaled]
    )


def deformed(images: Tensor, seed: int) -> Tensor:
    """Turn, stretch, shear, shift and bend images a little, each in its own way.

    Args:
        images: Shape `(n, C, side, side)`.
        seed: Which way. Integer >= 0.

    Returns:
        One variant of each. Same shape.
    """
    import torch
    from torch.nn import functional

    count, side = images.shape[0], images.shape[2:]
    generator = torch.Generator().manual_seed(seed)

    def within(most: float) -> Tensor:
        return (2 * torch.rand(count, generator=generator) - 1) * most

    turn = within(math.radians(_TURN))
    across, down, shear = 1 + within(_STRETCH), 1 + within(_STRETCH), within(_SHEAR)
    first = torch.stack([turn.cos() * across, shear - turn.sin() * down, within(2 * _SHIFT)], 1)
    second = torch.stack([turn.sin() * across, turn.cos() * down, within(2 * _SHIFT)], 1)
    grid = functional.affine_grid(
        torch.stack([first, second], 1), [count, 1, *side], align_corners=False
    )
    wave = _WAVE * torch.randn(count, 2, _KNOTS, _KNOTS, generator=generator)
    wave = functional.interpolate(wave, side, mode="bicubic", align_corners=True)
    grid = grid + wave.permute(0, 2, 3, 1)
    # What comes in at the border is what was there: black is not the background of every image.
    return functional.grid_sample(images, grid, padding_mode="border", align_corners=False)
