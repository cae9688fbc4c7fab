"""Which embedding samples get when none is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lightning_synthaug.errors import GateError
from lightning_synthaug.generators.gates.embeddings.cells import cells_of
from lightning_synthaug.generators.gates.embeddings.columns import TableColumns
from lightning_synthaug.generators.gates.embeddings.gradients import OrientedGradients
from lightning_synthaug.generators.gates.embeddings.mel import LogMel
from lightning_synthaug.generators.gates.embeddings.ngrams import HashedNgrams

if TYPE_CHECKING:
    from lightning_synthaug.data.record import Record
    from lightning_synthaug.generators.gates.embeddings.base import Embedding

__all__ = ["default_embedding"]


def default_embedding(record: Record) -> Embedding:
    """Choose an embedding that needs no download, by the fields of a sample.

    Args:
        record: Any of the samples.

    Returns:
        The one for images, texts, sounds or rows of numbers: the first that there is a field for.

    Raises:
        GateError: It has none of the fields that are known (SA450).

    Example:
        >>> from lightning_synthaug.data import Record
        >>> default_embedding(Record({"text": "A fine film."})).modality
        'text'
    """
    image = record.get("image")
    if isinstance(image, np.ndarray) and image.ndim in (2, 3):
        return OrientedGradients()
    if isinstance(record.get("text"), str):
        return HashedNgrams()
    if isinstance(record.get("audio"), np.ndarray):
        return LogMel()
    if any(not isinstance(cell, str) for cell in cells_of(record).values()):
        return TableColumns()
    raise GateError(
        "SA450",
        'A gate needs the field "image", "text" or "audio", or fields of numbers, in each sample, got '
        f"{record!r}. Pass `embedding=`.",
    )
