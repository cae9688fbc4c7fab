"""Real streams whose order is not the plan's own but that of a user's sampler."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import lru_cache
from typing import final

import numpy as np

from lightning_synthaug.plan.seeding import Int64Array

__all__ = ["OrderedStream", "RealOrder"]


class RealOrder(ABC):
    """The order in which a pass goes through the real samples, as a pure function of a key and a pass number.

    Attributes:
        support: Samples that may become twins or stand-ins. Ascending indices into the dataset, shape `(n,)`, n >= 1.
        length: Samples in a pass, >= 1; some may come several times.
    """

    support: Int64Array
    length: int

    @abstractmethod
    def of_pass(self, key: int, number: int) -> Int64Array:
        """Return one pass.

        Args:
            key: 64-bit key of the stream.
            number: Passes before it, >= 0.

        Returns:
            Indices into the dataset, shape `(length,)`; equal arguments give equal passes.
        """

    @abstractmethod
    def equals(self, other: RealOrder) -> bool:
        """Tell whether another order draws from the same sampler.

        Args:
            other: Any order.

        Returns:
            True when its passes are those of this one.
        """

    @abstractmethod
    def fingerprint(self) -> str:
        """Tell orders apart, for checkpoints.

        Returns:
            A short text, the same on every machine.
        """


@final
class OrderedStream:
    """An endless stream of passes in a given order, readable at any position.

    Args:
        order: The order.
        length: Samples taken of a pass, in [1, order.length].
        key: 64-bit key.
    """

    def __init__(self, order: RealOrder, *, length: int, key: int) -> None:
        self.length = length
        self._pass = lru_cache(maxsize=2)(lambda number: order.of_pass(key, number)[:length])

    def take(self, start: int, stop: int) -> Int64Array:
        """Read consecutive positions of the stream.

        Args:
            start: First position, >= 0.
            stop: Position after the last one, >= start.

        Returns:
            Indices into the dataset, shape `(stop - start,)`.
        """
        parts = [np.empty(0, np.int64)]
        while start < stop:
            number, offset = divmod(start, self.length)
            end = min(self.length, offset + stop - start)
            parts.append(self._pass(number)[offset:end])
            start += end - offset
        return np.concatenate(parts)
