"""8-bit images as PNG."""

from __future__ import annotations

import io
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.cli.marking import Mark, packet
from lightning_synthaug.errors import MissingDependency, install_hint

__all__ = ["is_image", "png"]

_CHANNELS: Final = (1, 3, 4)
_KEYWORD: Final = "XML:com.adobe.xmp"  # under which readers look for XMP in a PNG


def is_image(array: npt.NDArray[Any]) -> bool:
    """Tell an 8-bit image from other arrays.

    Args:
        array: Any array.

    Returns:
        True where it is gray, or has 1, 3 or 4 channels last.
    """
    layers = array.ndim == 2 or (array.ndim == 3 and array.shape[2] in _CHANNELS)
    return array.dtype == np.uint8 and layers and array.size > 0


def png(array: npt.NDArray[Any], mark: Mark) -> bytes:
    """Write an image without loss.

    Args:
        array: Pixels of an image as `is_image` takes it.
        mark: What the file says of its sample.

    Returns:
        A PNG with the mark as XMP, which no pixel depends on.

    Raises:
        MissingDependency: Pillow is not installed (SA808).
    """
    try:
        from PIL import Image, PngImagePlugin
    except ImportError as error:
        raise MissingDependency(
            "SA808",
            f"Exporting images needs Pillow, got no module 'PIL'. {install_hint('images')}",
        ) from error
    told = PngImagePlugin.PngInfo()
    told.add_itxt(_KEYWORD, packet(mark))
    buffer = io.BytesIO()
    flat = array[:, :, 0] if array.ndim == 3 and array.shape[2] == 1 else array
    Image.fromarray(flat).save(buffer, format="PNG", pnginfo=told)
    return buffer.getvalue()
