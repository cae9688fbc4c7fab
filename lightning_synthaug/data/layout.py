"""Where the channels of an image lie, and moving them without loss.

Records hold images as `(H, W)` or `(H, W, C)`. Datasets of tensors hold `(C, H, W)`. The rule is
one sentence: of three dimensions, the first is the channels when it is 1, 3 or 4 and the last is
not; otherwise nothing is moved.
"""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

__all__ = [
    "CHANNELS",
    "from_record_layout",
    "has_known_axes",
    "is_channels_first",
    "to_record_layout",
]

CHANNELS = (1, 3, 4)
"""Numbers of channels that are recognised: grey, colour, colour with alpha."""


def is_channels_first(shape: tuple[int, ...]) -> bool:
    """Tell whether a shape is that of a `(C, H, W)` image, without doubt.

    Args:
        shape: Shape of one image.

    Returns:
        True for three dimensions of which the first, and not the last, is 1, 3 or 4.

    Example:
        >>> [is_channels_first(shape) for shape in ((3, 32, 32), (32, 32, 3), (3, 32, 3))]
        [True, False, False]
    """
    return len(shape) == 3 and shape[0] in CHANNELS and shape[2] not in CHANNELS


def to_record_layout(image: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Move the channels of an image last when they are first without doubt.

    Args:
        image: Array of any shape.

    Returns:
        View `(H, W, C)` of a `(C, H, W)` image; any other array unchanged.

    Example:
        >>> import numpy as np
        >>> to_record_layout(np.zeros((3, 8, 9))).shape, to_record_layout(np.zeros((8, 9))).shape
        ((8, 9, 3), (8, 9))
    """
    return image.transpose(1, 2, 0) if is_channels_first(image.shape) else image


def from_record_layout(
    images: npt.NDArray[Any], shape: tuple[int, ...], *, batched: bool = False
) -> npt.NDArray[Any] | None:
    """Lay images of records out as a dataset has them; the inverse of `to_record_layout`.

    Height and width are free, since datasets may vary in them; the number of channels is not. A
    grey image may have its single channel or lack it.

    Args:
        images: Image `(H, W)` or `(H, W, C)` of a record, or a stack of them.
        shape: Shape of one image of the dataset.
        batched: Whether `images` has one more dimension in front.

    Returns:
        View of the same numbers with the dataset's rank and channels; None where no loss-free rule
        leads there.

    Example:
        >>> import numpy as np
        >>> image = np.zeros((8, 9, 3))
        >>> from_record_layout(image, (3, 8, 9)).shape
        (3, 8, 9)
        >>> from_record_layout(image, (8, 9)) is None
        True
    """
    skip = int(batched)
    rank = images.ndim - skip
    if len(shape) == 2:
        return _plane(images, skip)
    if (
        rank == 2
        and 1 in (shape[0], shape[-1])
        and (is_channels_first(shape) or _is_channels_last(shape))
    ):
        images, rank = images[..., None], 3
    if rank != len(shape):
        return None
    if is_channels_first(shape) and images.shape[-1] == shape[0]:
        return images.transpose(0, 3, 1, 2) if batched else images.transpose(2, 0, 1)
    # A record that already has the channels first is taken as it is; so is an image whose layout
    # nobody can tell.
    agrees = (
        images.shape[skip] == shape[0]
        if is_channels_first(shape)
        else not _is_channels_last(shape) or images.shape[-1] == shape[2]
    )
    return images if agrees else None


def has_known_axes(shape: tuple[int, ...]) -> bool:
    """Tell whether an image of a record is `(H, W)` or `(H, W, C)` without doubt.

    Args:
        shape: Shape of the image.

    Returns:
        False for three dimensions of which the last is no number of channels, or of which the first
        is one as well: such an image was left as it lay.

    Example:
        >>> [has_known_axes(shape) for shape in ((8, 9), (8, 9, 3), (5, 8, 9), (3, 9, 3))]
        [True, True, False, False]
    """
    return len(shape) == 2 or _is_channels_last(shape)


def _is_channels_last(shape: tuple[int, ...]) -> bool:
    """Tell whether a shape is that of a `(H, W, C)` image, without doubt."""
    return len(shape) == 3 and shape[2] in CHANNELS and shape[0] not in CHANNELS


def _plane(images: npt.NDArray[Any], skip: int) -> npt.NDArray[Any] | None:
    """Give grey images without their single channel."""
    if images.ndim - skip == 2:
        return images
    return images[..., 0] if images.ndim - skip == 3 and images.shape[-1] == 1 else None
