from __future__ import annotations

import numpy as np
import pytest

from lightning_synthaug.data import Record
from lightning_synthaug.errors import GateError
from lightning_synthaug.generators.gates.embeddings import (
    Embedding,
    HashedNgrams,
    LogMel,
    OrientedGradients,
    TableColumns,
    default_embedding,
)


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"image": np.zeros((4, 4, 3), np.uint8), "text": "a caption"}, OrientedGradients),
        ({"text": "a film", "stars": 3}, HashedNgrams),
        ({"audio": np.zeros(800, np.float32), "rate": 8000}, LogMel),
        ({"age": 3, "town": "Ulm", "label": 1}, TableColumns),
        (
            {"image": np.zeros(9, np.float32), "label": 1},
            TableColumns,
        ),  # a row of numbers, by its shape
    ],
)
def test_the_fields_decide(fields: dict[str, object], kind: type[Embedding]) -> None:
    record = Record(fields)
    chosen = default_embedding(record)
    assert type(chosen) is kind
    assert np.isfinite(chosen.embed([record, record])).all()


@pytest.mark.parametrize(
    "fields", [{"label": 3}, {"town": "Ulm"}, {"image": np.zeros((2, 2, 2, 2))}]
)
def test_what_has_no_default_needs_an_embedding(fields: dict[str, object]) -> None:
    with pytest.raises(GateError, match=r'needs the field "image", "text" or "audio", or .*SA450'):
        default_embedding(Record(fields))
