"""Images of any sizes, brought to one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lightning_synthaug.errors import DataError
from lightning_synthaug.generators.libraries import needed_library

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

__all__ = ["one_size"]


def one_size(images: Iterable[Any], side: int) -> NDArray[Any]:
    """Scale images until their shorter side fits, and cut out the middle.

    Args:
        images: Each uint8 0..255 or floating point in [0, 1], of shape `(rows, columns)` or
            `(rows, columns, channels)`; all with the same channels.
        side: Rows and columns to be, in pixels.

    Returns:
        Shape `(n, side, side)` or `(n, side, side, channels)`; uint8, or float32.

    Raises:
        DataError: They differ in more than their sizes, or one is no image (SA440).
        MissingDependency: Pillow is not installed (SA832).

    Example:
        >>> photos = [np.zeros((40, 30, 3), np.uint8), np.zeros((20, 90, 3), np.uint8)]
        >>> one_size(photos, 16).shape
        (2, 16, 16, 3)
    """
    made = [_scaled(np.asarray(image), side) for image in images]
    forms = sorted({f"{image.dtype}{list(image.shape)}" for image in made})
    if len(forms) != 1:
        message = (
            f"`images` must have one dtype and the same channels, got {forms} after scaling them. "
            "Convert the data before fitting."
        )
        raise DataError("SA440", message)
    return np.stack(made)


def _scaled(image: NDArray[Any], side: int) -> NDArray[Any]:
    """Scale one image, a channel at a time, in the numbers that it has."""
    fit = needed_library("PIL.ImageOps", "Scaling images", "images").fit
    pillow = needed_library("PIL.Image", "Scaling images", "images")
    pixels = image if image.dtype == np.uint8 else image.astype(np.float32)
    if pixels.ndim not in (2, 3) or not pixels.size:
        message = (
            f"`images` must be of (rows, columns) or (rows, columns, channels), got {image.dtype}{list(image.shape)}. "
            "Convert the data before fitting."
        )
        raise DataError("SA440", message)
    planes = np.atleast_3d(pixels)
    made = np.dstack(
        [
            np.asarray(
                fit(pillow.fromarray(planes[..., c]), (side, side), pillow.Resampling.LANCZOS)
            )
            for c in range(planes.shape[2])
        ]
    )
    if made.dtype != np.uint8:
        made = np.clip(made, 0, 1)  # this kind of scaling overshoots at edges
    return made[..., 0] if pixels.ndim == 2 else made
