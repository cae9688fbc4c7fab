"""How near samples are to the nearest of a set of others: the measure behind copies and leaks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final, final

import numpy as np

from lightning_synthaug.generators.gates.kernel import squared_distances
from lightning_synthaug.generators.gates.real import in_parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from lightning_synthaug.data.record import Record
    from lightning_synthaug.generators.gates.embeddings import Embedding

__all__ = ["Nearest", "NearestVectors"]

#: Samples that are compared at once.
_AT_ONCE: Final = 512


class Nearest(ABC):
    """Measure distances to the two nearest of some references."""

    @abstractmethod
    def distances(
        self, records: Sequence[Record], own: Sequence[int] | None = None
    ) -> npt.NDArray[np.float64]:
        """Measure samples.

        Args:
            records: The samples, one at least.
            own: Where they are references themselves: which ones, to be left out.

        Returns:
            Distance to the nearest reference and to the second nearest one. Shape `(n, 2)`.
        """


@final
class NearestVectors(Nearest):
    """Euclidean distances between embeddings.

    Args:
        references: The references, three at least.
        embedding: What distances are measured on.
    """

    def __init__(self, references: Sequence[Record], embedding: Embedding) -> None:
        self._embedding = embedding
        self._vectors = np.concatenate([embedding.embed(part) for part in in_parts(references)])

    def distances(
        self, records: Sequence[Record], own: Sequence[int] | None = None
    ) -> npt.NDArray[np.float64]:
        """Measure samples."""
        found = []
        for start in range(0, len(records), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            measured = squared_distances(self._embedding.embed(records[part]), self._vectors)
            if own is not None:
                measured[np.arange(len(measured)), np.asarray(own[part])] = np.inf
            found.append(np.sort(np.partition(measured, 1, axis=1)[:, :2], axis=1))
        distances: npt.NDArray[np.float64] = np.sqrt(np.concatenate(found).astype(np.float64))
        return distances
