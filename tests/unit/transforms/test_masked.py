"""Contextual edits, by a masked language model with the real classes of transformers."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.generators.promises import random_states
from lightning_synthaug.transforms.masked import MaskedWords
from tests.helpers.tiny_language import save_masked

TEXT = "The fine old Film, plays with a bad actor."


def test_words_are_replaced_by_other_words_of_the_model(tmp_path: Path) -> None:
    edit = MaskedWords(save_masked(tmp_path), alpha=0.3)
    before = random_states()
    texts = [edit(TEXT, np.random.default_rng(seed)) for seed in range(60)]
    assert random_states() == before
    for text in texts:
        changed = [
            (old, new) for old, new in zip(TEXT.split(), text.split(), strict=True) if old != new
        ]
        assert len(changed) == 2
        assert all(new.strip(",.").isalpha() for _, new in changed), text
        assert all(old[-1] == new[-1] for old, new in changed if not old.isalpha())
        assert all(old[0].isupper() == new[0].isupper() for old, new in changed)
    assert len(set(texts)) > 30
    assert texts == [edit(TEXT, np.random.default_rng(seed)) for seed in range(60)]


def test_it_can_be_sent_to_a_worker_without_its_model(tmp_path: Path) -> None:
    edit = MaskedWords(save_masked(tmp_path), alpha=0.3)
    made = edit(TEXT, np.random.default_rng(1))
    sent = pickle.dumps(edit)
    assert len(sent) < 1000
    assert pickle.loads(sent)(TEXT, np.random.default_rng(1)) == made


def test_long_texts_are_edited_as_far_as_the_model_reads(tmp_path: Path) -> None:
    edit = MaskedWords(save_masked(tmp_path), alpha=1.0)
    words = ("film",) * 200
    made = edit(" ".join(words), np.random.default_rng(0)).split()
    assert "film" not in made[:20]
    assert made[60:] == ["film"] * 140


@pytest.mark.parametrize("text", ["", " ", "... !"])
def test_a_text_without_words_is_left_alone(text: str, tmp_path: Path) -> None:
    assert MaskedWords(save_masked(tmp_path), alpha=0.3)(text, np.random.default_rng(0)) == text


@pytest.mark.parametrize("model", [None, "nowhere"])
def test_a_folder_is_needed(model: str | None) -> None:
    with pytest.raises(ConfigError, match="SA213"):
        MaskedWords(model, alpha=0.1)
