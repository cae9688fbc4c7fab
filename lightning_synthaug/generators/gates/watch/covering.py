"""Which real samples the last generated ones lie near."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Covering"]


@final
class Covering:
    """Real samples of a label that a window of generated ones covers.

    A real sample is covered by what is nearer to it than its third neighbour among the real ones: coverage after
    Naeem et al., "Reliable fidelity and diversity metrics for generative models" (ICML 2020), sample by sample.

    Args:
        window: Generated samples that count, >= 1.
        real: Real samples.

    Example:
        >>> covering = Covering(1, 2)
        >>> [covering.add(np.array(near)) for near in ([True, False], [True, False], [False, True])]
        [None, False, True]
    """

    def __init__(self, window: int, real: int) -> None:
        self._window: deque[npt.NDArray[np.bool_]] = deque()
        self._size = window
        self._times = np.zeros(real, np.int64)

    def add(self, near: npt.NDArray[np.bool_]) -> bool | None:
        """Take one more sample into the window.

        Args:
            near: The real samples that it covers. Shape `(real,)`.

        Returns:
            Whether it covers one that none of the window does; None while the window is not full.
        """
        full = len(self._window) == self._size
        new = bool((near & (self._times == 0)).any()) if full else None
        if full:
            self._times -= self._window.popleft()
        self._window.append(near)
        self._times += near
        return new
