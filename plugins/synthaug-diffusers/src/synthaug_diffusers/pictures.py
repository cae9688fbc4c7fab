"""Between records and pipelines: arrays of the data set's form here, colour pictures of the pipeline's size there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt
    from PIL.Image import Image

__all__ = ["Form", "is_image", "picture"]


def is_image(value: object) -> bool:
    """Tell whether a field of a record can be shown to a pipeline.

    Args:
        value: The field's value.

    Returns:
        True for an array (rows, columns), or with one or three channels behind, of bytes, booleans or floats.
    """
    return (
        isinstance(value, np.ndarray)
        and value.dtype.kind in "ubf"
        and (value.ndim == 2 or (value.ndim == 3 and value.shape[2] in (1, 3)))
    )


def picture(image: npt.NDArray[Any], size: tuple[int, int] | None = None) -> Image:
    """Turn an image of a record into what pipelines take.

    Args:
        image: As `is_image` accepts it; floats in [0, 1].
        size: (rows, columns) to bring it to; None: as it is.

    Returns:
        A picture of mode RGB.
    """
    from PIL import Image

    if image.dtype == np.bool_:
        image = image.astype(np.uint8) * 255
    elif image.dtype.kind == "f":
        image = _to_bytes(image)
    made = Image.fromarray(np.squeeze(image, 2) if image.shape[2:] == (1,) else image)
    made = made.convert("RGB")
    return made if size is None else made.resize(size[::-1], Image.Resampling.LANCZOS)


@final
@dataclass(frozen=True)
class Form:
    """How images of the data set are laid out.

    Attributes:
        size: (rows, columns).
        channels: 3 for colour, 1 for one channel behind, 0 for none: shape (rows, columns).
        dtype: `"uint8"`, 0 to 255, or `"float32"`, in [0, 1].
    """

    size: tuple[int, int]
    channels: Literal[0, 1, 3]
    dtype: Literal["uint8", "float32"]

    @classmethod
    def of(cls, image: npt.NDArray[Any]) -> Form:
        """Read the form off an image of a record.

        Args:
            image: As `is_image` accepts it.
        """
        channels: Any = image.shape[2] if image.ndim == 3 else 0
        rows, columns = image.shape[:2]
        return cls((rows, columns), channels, "float32" if image.dtype.kind == "f" else "uint8")

    def image(self, made: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Bring what a pipeline painted into this form.

        Args:
            made: Colours in [0, 1]. Shape (rows, columns, 3).

        Returns:
            An array of this form.
        """
        shown = picture(made, self.size)
        pixels = np.asarray(shown if self.channels == 3 else shown.convert("L"))
        if self.channels == 1:
            pixels = pixels[..., None]
        return pixels if self.dtype == "uint8" else pixels.astype(np.float32) / np.float32(255)


def _to_bytes(image: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Round [0, 1] to 0..255."""
    rounded: npt.NDArray[np.uint8] = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
    return rounded
