"""Texts are compared by the words that differ."""

from __future__ import annotations

import numpy as np
import pytest

from lightning_synthaug.data import Record
from lightning_synthaug.generators.gates import wording
from lightning_synthaug.generators.gates.wording import NearestTexts, word_edits


def of(*texts: str) -> list[Record]:
    return [Record({"text": text}) for text in texts]


REAL = of(
    "my card was declined at the shop",
    "how do I change my address",
    "what is the exchange rate today",
    "",
)


def levenshtein(one: list[int], other: list[int]) -> int:
    """As the textbook writes it."""
    if not one or not other:
        return len(one) + len(other)
    change = levenshtein(one[1:], other[1:]) + (one[0] != other[0])
    return min(change, levenshtein(one[1:], other) + 1, levenshtein(one, other[1:]) + 1)


def test_edits_are_those_of_the_textbook() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        text = rng.integers(0, 3, rng.integers(0, 6))
        others = [rng.integers(0, 3, rng.integers(0, 6)) for _ in range(4)]
        expected = [levenshtein(text.tolist(), o.tolist()) for o in others]
        assert word_edits(text, others).tolist() == expected


def test_words_count_and_letters_case_and_signs_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wording, "_AT_ONCE", 2)
    measured = NearestTexts(REAL).distances(
        of("My card was DECLINED at the shop!", "my card was stolen at the shop", "")
    )
    assert measured[:, 0].tolist() == [0, 1 / 7, 0]
    assert (measured[:, 1] > 0.5).all()


def test_a_reference_is_left_out_where_it_is_measured_itself() -> None:
    measured = NearestTexts(REAL).distances(REAL[1:3], [1, 2])
    assert measured[:, 0].min() > 0.5
