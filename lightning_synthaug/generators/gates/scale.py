"""The scale that numbers of images and sounds are on, as real samples show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["scale_of"]

#: The scales in use: a share, a signed share, 8 bits, 16 bits.
_USUAL: Final = ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0), (-32768.0, 32767.0))
#: How far numbers may go beyond, as a share of the whole: interpolation overshoots a little.
_SLACK: Final = 0.05


def scale_of(extremes: Iterable[tuple[float, float]]) -> tuple[float, float]:
    """Find the scale of numbers, with a little room at both ends.

    Args:
        extremes: The lowest and the highest number of each sample.

    Returns:
        The lowest and the highest number to expect: those of the narrowest usual scale that holds
        all samples, or of the samples where none does.

    Example:
        >>> scale_of([(0.0, 0.9), (0.1, 0.7)])
        (-0.05, 1.05)
    """
    lows, highs = zip(*extremes, strict=True)
    low, high = min(lows), max(highs)
    for least, most in _USUAL:
        if least <= low and high <= most:
            low, high = least, most
            break
    room = _SLACK * (high - low)
    return low - room, high + room
