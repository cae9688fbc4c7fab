"""Which way samples of a kind are compared with others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightning_synthaug.generators.gates.alignment import AlignedImages
from lightning_synthaug.generators.gates.embeddings import default_embedding
from lightning_synthaug.generators.gates.nearest import Nearest, NearestVectors
from lightning_synthaug.generators.gates.wording import NearestTexts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lightning_synthaug.data.record import Record
    from lightning_synthaug.generators.gates.embeddings import Embedding

__all__ = ["nearest_to"]


def nearest_to(references: Sequence[Record], embedding: Embedding | None = None) -> Nearest:
    """Choose how samples are compared with others.

    Args:
        references: The others, three at least.
        embedding: What distances are measured on; None: images are aligned, texts compared word by
            word, and others get the embedding of their modality.
    """
    if embedding is None and "image" in references[0]:
        return AlignedImages(references)
    if embedding is None and "text" in references[0]:
        return NearestTexts(references)
    return NearestVectors(references, embedding or default_embedding(references[0]))
