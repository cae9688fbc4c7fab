"""What turns samples into vectors whose distances mean something."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from lightning_synthaug.generators.digest import canonical_digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from lightning_synthaug.data.modality import Modality
    from lightning_synthaug.data.record import Record

__all__ = ["Embedding"]


class Embedding(ABC):
    """Turn samples into vectors. The vector of a sample depends on nothing but the sample.

    Attributes:
        modality: What it takes.
        version: Raised when the same settings begin to give other vectors.
    """

    modality: Modality = "image"
    version: ClassVar[int] = 1

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

    def load(self, device: str = "cpu") -> None:
        """Get ready to embed.

        Args:
            device: Torch device; embeddings without a network ignore it.
        """
        self._device = device

    def unload(self) -> None:
        """Give back what `load` took."""
        self._device = None

    def settings(self) -> dict[str, Any]:
        """List the settings that change vectors.

        Returns:
            Names and plain JSON values.
        """
        return {}

    def fingerprint(self) -> str:
        """Identify the vectors that come out.

        Returns:
            32 hexadecimal digits.
        """
        kind = f"{type(self).__module__}:{type(self).__qualname__}"
        return canonical_digest(
            {"class": kind, "version": self.version, "settings": self.settings()}
        )

    _device: str | None = None
