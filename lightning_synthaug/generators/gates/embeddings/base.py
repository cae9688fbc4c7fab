"""What turns samples into vectors whose distances mean something."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from lightning_synthaug.generators.gates.part import Part

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from lightning_synthaug.data.modality import Modality
    from lightning_synthaug.data.record import Record

__all__ = ["Embedding"]


class Embedding(Part, ABC):
    """Turn samples into vectors. The vector of a sample depends on nothing but the sample.

    Attributes:
        modality: What it takes.
    """

    modality: Modality = "image"

    @abstractmethod
    def embed(self, records: Sequence[Record]) -> npt.NDArray[np.float32]:
        """Embed samples.

        Args:
            records: The samples, one or more.

        Returns:
            Vectors of finite numbers, compared by their Euclidean distance. Shape `(n, width)`.
        """

    def variants(self, records: Sequence[Record], count: int) -> npt.NDArray[np.float32]:
        """Embed variants of samples that show the same, so that few examples teach more.

        Args:
            records: The samples, one or more.
            count: Variants of each.

        Returns:
            Vectors, all first variants, then all second ones. Shape `(count * n, width)`; none
            where this kind of sample has no variants that are sure to show the same.
        """
        del count
        return self.embed(records[:1])[:0]
