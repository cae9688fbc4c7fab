"""How much may be made now, in samples and in time."""

from __future__ import annotations

import time
from typing import final

__all__ = ["Limits"]


@final
class Limits:
    """A budget that several sources share. Its clock starts when it is made.

    Args:
        samples: Samples that may be made, >= 1, or None for any number.
        seconds: Seconds that they may take, > 0, or None.

    Example:
        >>> limits = Limits(10)
        >>> limits.room(8), limits.count(8), limits.room(8)
        (8, None, 2)
    """

    def __init__(self, samples: int | None = None, seconds: float | None = None) -> None:
        self._samples = samples
        self._end = None if seconds is None else time.monotonic() + seconds

    def room(self, size: int) -> int:
        """Return how many of so many may still be made; 0 when the time is up.

        Args:
            size: Samples that could be made at once.
        """
        if self._end is not None and time.monotonic() >= self._end:
            return 0
        return size if self._samples is None else min(size, self._samples)

    def count(self, made: int) -> None:
        """Take note of what was made.

        Args:
            made: Samples.
        """
        if self._samples is not None:
            self._samples -= made
