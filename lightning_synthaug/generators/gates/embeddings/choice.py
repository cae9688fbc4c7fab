"""Which embedding samples get when none is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightning_synthaug.errors import GateError
from lightning_synthaug.generators.gates.embeddings.gradients import OrientedGradients

if TYPE_CHECKING:
    from lightning_synthaug.data.record import Record
    from lightning_synthaug.generators.gates.embeddings.base import Embedding

__all__ = ["default_embedding"]


def default_embedding(record: Record) -> Embedding:
    """Choose an embedding that needs no download, by the fields of a sample.

    Args:
        record: Any of the samples.

    Raises:
        GateError: It has none of the fields that are known (SA450).
    """
    if "image" in record:
        return OrientedGradients()
    raise GateError(
        "SA450",
        f'A gate needs the field "image" in each sample, got {record!r}. Pass `embedding=`.',
    )
