from __future__ import annotations

import numpy as np

from lightning_synthaug.data import Record
from lightning_synthaug.generators.gates.embeddings import OrientedGradients
from lightning_synthaug.generators.gates.watch import ExactRepeats, embedding_for


def test_only_equal_samples_are_near() -> None:
    records = [Record({"word": str(i % 30)}) for i in range(60)]
    vectors = ExactRepeats().embed(records)
    assert vectors.dtype == np.float32
    distances = np.square(vectors[:, None] - vectors).sum(-1)
    same = np.equal.outer(np.arange(60) % 30, np.arange(60) % 30)
    assert not distances[same].any()
    assert distances[~same].min() > 20


def test_images_are_compared_by_what_they_show() -> None:
    assert isinstance(embedding_for(Record({"image": np.zeros((4, 4))})), OrientedGradients)
    assert isinstance(embedding_for(Record({"word": "a"})), ExactRepeats)
