"""How far training goes while a producer makes a sample: what tells which samples it would make too late."""

from __future__ import annotations

import math
from collections import deque
from typing import Final, final

__all__ = ["Pace"]

#: Words of a producer that tell its pace; and how much slower than on average it may be the next time.
_WORDS: Final = 5
_MARGIN: Final = 1.5


@final
class Pace:
    """Learn from when samples come. Positions are counted in synthetic samples.

    Example:
        >>> pace = Pace()
        >>> pace.heard(100, 8), pace.until(16)
        (None, None)
        >>> pace.heard(140, 8), pace.until(16)
        (None, 120)
    """

    def __init__(self) -> None:
        self._steps: deque[tuple[int, int]] = deque(maxlen=_WORDS)
        self._last: int | None = None
        self._made = 0

    def idle(self) -> None:
        """Take note that the producer has nothing to do: what goes by until its next samples tells nothing."""
        self._last = None

    def heard(self, position: int, count: int) -> None:
        """Take note of samples that came.

        Args:
            position: Where training is.
            count: How many they are.
        """
        if self._last is None:
            self._last, self._made = position, 0
            return
        self._made += count
        if position > self._last:
            self._steps.append((position - self._last, self._made))
            self._last, self._made = position, 0

    def until(self, count: int) -> int | None:
        """Say how far training will have gone at most when so many samples are made; None while that is not known.

        Args:
            count: Samples that the producer makes from now on.
        """
        if not self._steps:
            return None
        moved = sum(step for step, _ in self._steps)
        made = sum(samples for _, samples in self._steps)
        return math.ceil(_MARGIN * count * moved / max(1, made))
