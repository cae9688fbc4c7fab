"""Sentence vectors by a tiny BERT, held against transformers by hand."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from lightning_synthaug.data import Record
from lightning_synthaug.errors import GateError
from lightning_synthaug.generators.gates.embeddings import SentenceEmbedding
from lightning_synthaug.generators.promises import random_states
from tests.helpers.tiny_models import save_classifier

TEXTS = ["the film was fine", "a dull dog", "the cat was not awful and not very lovely " * 8]
RECORDS = [Record({"text": text}) for text in TEXTS]


def by_hand(folder: Path, text: str, *, first: bool) -> np.ndarray:
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    network = AutoModel.from_pretrained(folder).eval()
    inputs = tokenizer(text, truncation=True, max_length=24, return_tensors="pt")
    with torch.inference_mode():
        states = network(**inputs).last_hidden_state[0]
    vector = (states[0] if first else states.mean(0)).numpy()
    return np.asarray(vector / np.linalg.norm(vector))


@pytest.mark.parametrize("first", [False, True])
def test_vectors_are_those_of_the_model(first: bool, tmp_path: Path) -> None:
    folder = save_classifier(tmp_path, head=False)
    if first:
        (folder / "1_Pooling").mkdir()
        (folder / "1_Pooling" / "config.json").write_text(
            json.dumps({"pooling_mode_cls_token": True})
        )
    before = random_states()
    vectors = SentenceEmbedding(folder).embed(RECORDS)
    assert random_states() == before
    wanted = np.stack([by_hand(folder, text, first=first) for text in TEXTS])
    np.testing.assert_allclose(vectors, wanted, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_how_tokens_become_a_vector_is_part_of_the_identity(tmp_path: Path) -> None:
    folder = save_classifier(tmp_path, head=False)
    embedding = SentenceEmbedding(folder)
    first = embedding.fingerprint()
    assert SentenceEmbedding(folder, field="hypothesis").fingerprint() != first
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
    assert embedding.fingerprint() != first


def test_it_travels_without_its_model_and_needs_its_field(tmp_path: Path) -> None:
    embedding = SentenceEmbedding(save_classifier(tmp_path, head=False))
    embedding.load()
    arrived = pickle.loads(pickle.dumps(embedding))
    assert arrived._loaded is None
    np.testing.assert_array_equal(arrived.embed(RECORDS), embedding.embed(RECORDS))
    embedding.unload()
    with pytest.raises(GateError, match="SA450"):
        embedding.embed([Record({"label": 1})])
    with pytest.raises(GateError, match="SA457"):
        SentenceEmbedding(tmp_path / "nowhere").load()
