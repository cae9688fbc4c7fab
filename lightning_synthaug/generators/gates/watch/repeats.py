"""How samples are compared when nothing is known of what they show: only exact repeats are alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import numpy as np

from lightning_synthaug.errors import GateError
from lightning_synthaug.generators.gates.embeddings import Embedding, default_embedding

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from lightning_synthaug.data.modality import Modality
    from lightning_synthaug.data.record import Record

__all__ = ["ExactRepeats", "embedding_for"]


@final
class ExactRepeats(Embedding):
    """Vectors that are equal for equal samples, and far from each other otherwise.

    Example:
        >>> from lightning_synthaug.data import Record
        >>> one, other = Record({"word": "a"}), Record({"word": "b"})
        >>> vectors = ExactRepeats().embed([one, other, one])
        >>> bool((vectors[0] == vectors[2]).all()), bool((vectors[0] == vectors[1]).all())
        (True, False)
    """

    modality: Modality = "any"

    def embed(self, records: Sequence[Record]) -> npt.NDArray[np.float32]:
        """Spread the bits of each sample's digest out."""
        digests = b"".join(record.digest() for record in records)
        bits: npt.NDArray[Any] = np.unpackbits(np.frombuffer(digests, np.uint8))
        return bits.reshape(len(records), -1).astype(np.float32)


def embedding_for(record: Record) -> Embedding:
    """Choose how samples are compared.

    Args:
        record: Any of them.

    Returns:
        The default embedding where there is one for such samples.
    """
    try:
        return default_embedding(record)
    except GateError:
        return ExactRepeats()
