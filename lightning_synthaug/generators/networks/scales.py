"""How many scales a network has, and how many channels at each: both follow from the size of the image."""

from __future__ import annotations

import math

__all__ = ["coarse_size", "depths", "halvings"]

_COARSEST = 4


def halvings(rows: int, columns: int) -> int:
    """Count the halvings that bring the shorter side down to about four pixels.

    Args:
        rows: Rows of the image, >= 1.
        columns: Columns of the image, >= 1.

    Returns:
        The count, >= 1.

    Example:
        >>> [halvings(side, side) for side in (4, 8, 28, 32, 128)]
        [1, 1, 2, 3, 5]
    """
    return max(1, math.floor(math.log2(max(1, min(rows, columns) / _COARSEST))))


def coarse_size(rows: int, columns: int) -> tuple[int, int]:
    """Give the size of the coarsest scale, from which an image at least as large as asked for grows.

    Args:
        rows: Rows of the image, >= 1.
        columns: Columns of the image, >= 1.

    Returns:
        Rows and columns.

    Example:
        >>> coarse_size(28, 28), coarse_size(33, 47)
        ((7, 7), (5, 6))
    """
    factor = 2 ** halvings(rows, columns)
    return math.ceil(rows / factor), math.ceil(columns / factor)


def depths(finest: int, widest: int, count: int) -> list[int]:
    """Choose the channels of each scale, finest first: doubled from scale to scale, up to a limit.

    Args:
        finest: Channels of the finest scale, >= 1.
        widest: Most channels, >= 1.
        count: Scales.

    Returns:
        Channels by scale.

    Example:
        >>> depths(32, 128, 4)
        [32, 64, 128, 128]
    """
    return [min(widest, finest * 2**level) for level in range(count)]
