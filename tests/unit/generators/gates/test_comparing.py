from __future__ import annotations

import numpy as np

from lightning_synthaug.data import Record
from lightning_synthaug.generators.gates.alignment import AlignedImages
from lightning_synthaug.generators.gates.comparing import nearest_to
from lightning_synthaug.generators.gates.embeddings import OrientedGradients
from lightning_synthaug.generators.gates.nearest import NearestVectors
from lightning_synthaug.generators.gates.wording import NearestTexts
from tests.helpers.shapes import shapes


def test_each_kind_of_sample_has_its_way_and_an_embedding_goes_first() -> None:
    assert isinstance(nearest_to(shapes(9)), AlignedImages)
    assert isinstance(nearest_to(shapes(9), OrientedGradients()), NearestVectors)
    assert isinstance(nearest_to([Record({"text": str(i)}) for i in range(3)]), NearestTexts)
    sounds = [
        Record(
            {"audio": np.random.default_rng(i).normal(size=8000).astype(np.float32), "rate": 8000}
        )
        for i in range(3)
    ]
    assert isinstance(nearest_to(sounds), NearestVectors)
