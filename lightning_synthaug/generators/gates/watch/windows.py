"""How near samples are to those that were made just before them."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias, final

import numpy as np

from lightning_synthaug.generators.gates.kernel import squared_distances

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Windows"]

#: Samples of any label that a new one is compared with, besides those of its own.
_LAST = 16

_Key: TypeAlias = "tuple[int | None] | None"


@final
class Windows:
    """The last samples of each label, and the last of all.

    Example:
        >>> windows = Windows()
        >>> vectors = np.array([[0.0], [3.0], [4.0], [0.0]], np.float32)
        >>> windows.nearest(vectors, [0, 0, 1, 0], {0: 1, 1: 1})
        [None, 9.0, 1.0, 0.0]
    """

    def __init__(self) -> None:
        # Those of a label are under its tuple, those of all under None.
        self._last: dict[_Key, npt.NDArray[np.float32]] = {}

    def nearest(
        self,
        vectors: npt.NDArray[np.float32],
        labels: Sequence[int | None],
        sizes: Mapping[int | None, int],
    ) -> list[float | None]:
        """Say how near each sample is to the nearest of the last ones, and remember it.

        Args:
            vectors: The samples, in the order in which they were made. Shape `(n, width)`.
            labels: Label of each.
            sizes: How many are remembered of each of these labels.

        Returns:
            Squared distance of each; None for the very first.
        """
        keys: list[_Key] = [None, *((label,) for label in dict.fromkeys(labels))]
        parts = [self._last.get(key, vectors[:0]) for key in keys]
        starts = np.cumsum([0, *map(len, parts)]).tolist()
        known = np.concatenate([*parts, vectors])
        between = squared_distances(vectors, known)
        places = {
            key: deque(
                range(first, first + len(part)), maxlen=_LAST if key is None else sizes[key[0]]
            )
            for key, part, first in zip(keys, parts, starts, strict=False)
        }
        nearest = []
        for i, label in enumerate(labels):
            mine, all_ = places[(label,)], places[None]
            near = [*mine, *all_]
            nearest.append(float(between[i, near].min()) if near else None)
            mine.append(starts[-1] + i)
            all_.append(starts[-1] + i)
        self._last |= {key: known[list(place)] for key, place in places.items()}
        return nearest
