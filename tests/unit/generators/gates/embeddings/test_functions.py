from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch

from lightning_synthaug.data import Record
from lightning_synthaug.errors import ConfigError, GateError
from lightning_synthaug.generators.gates import LabelConsistency, RealSamples
from lightning_synthaug.generators.gates.embeddings import CallableEmbedding
from lightning_synthaug.generators.gates.embeddings.functions import as_vectors
from tests.helpers.samples import sentences

RECORDS = [Record({"text": "a fine film", "x": 2.0}), Record({"text": "dull", "x": 3.0})]


class SentenceEncoder:
    """Looks like a model of sentence-transformers."""

    def encode(self, sentences: list[str]) -> np.ndarray:
        return np.array([[len(s), s.count(" ")] for s in sentences], np.float64)


def xs(records: list[Record]) -> torch.Tensor:
    return torch.tensor([[float(np.asarray(r["x"]))] for r in records], requires_grad=True)


def test_a_sentence_encoder_is_one_argument() -> None:
    embedding = CallableEmbedding(SentenceEncoder().encode, field="text", identity="lengths-1")
    vectors = embedding.embed(RECORDS)
    np.testing.assert_array_equal(vectors, [[11, 2], [4, 0]])
    assert vectors.dtype == np.float32
    gate = LabelConsistency(embedding=embedding)
    gate.fit(RealSamples.of(sentences(20)))


def test_a_function_of_records_or_its_path_will_do() -> None:
    for function in (xs, f"{__name__}:xs"):
        if function is xs or __name__ in __import__("sys").modules:
            np.testing.assert_array_equal(CallableEmbedding(function).embed(RECORDS), [[2], [3]])
    assert pickle.loads(pickle.dumps(CallableEmbedding("math:sqrt"))).function == "math:sqrt"


def test_settings_tell_embeddings_apart() -> None:
    made = [
        CallableEmbedding(xs),
        CallableEmbedding(xs, field="x"),
        CallableEmbedding(xs, identity="xs-2"),
    ]
    assert len({embedding.fingerprint() for embedding in made}) == 3
    with pytest.raises(ConfigError, match="SA455"):
        CallableEmbedding(SentenceEncoder().encode)


def test_a_record_without_the_field_is_named() -> None:
    embedding = CallableEmbedding(len, field="audio")
    with pytest.raises(GateError, match=r'needs the field "audio" .*SA450'):
        embedding.embed(RECORDS)


@pytest.mark.parametrize(
    "given", [[1.0, 2.0], [[1.0]], [[np.nan], [1.0]], [["a"], ["b"]], [[], []], None]
)
def test_what_is_no_vectors_is_refused(given: object) -> None:
    with pytest.raises(GateError, match=r"a vector of finite numbers for each of 2 .*SA462"):
        as_vectors(given, 2)
