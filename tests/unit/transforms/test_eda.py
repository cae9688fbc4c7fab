from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from lightning_synthaug.transforms.eda import OPERATIONS, Operation, WordEdits
from tests.helpers.wordnet import save_wordnet

TEXT = "A good film, which the waiter shows to a crowd that never saw one!"
WORDS = TEXT.split()


@pytest.fixture(scope="module")
def wordnet(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(save_wordnet(tmp_path_factory.mktemp("eda") / "wn"))


def made(
    operation: Operation, wordnet: str | None, alpha: float = 0.2, text: str = TEXT
) -> list[list[str]]:
    edit = WordEdits((operation,), alpha=alpha, wordnet=wordnet)
    return [edit(text, np.random.default_rng(seed)).split() for seed in range(300)]


def test_synonyms_take_the_place_of_words_and_keep_what_stands_around_them(wordnet: str) -> None:
    texts = {" ".join(words) for words in made("synonyms", wordnet)}
    rest = "which the waiter shows to a crowd that never saw one!"
    goods, films = ("fine", "Nice"), ("movie", "motion picture", "shoot")
    assert texts == {f"A {good} {film}, {rest}" for good in goods for film in films}
    few = {" ".join(words) for words in made("synonyms", wordnet, alpha=0.01)}
    assert few == {f"A {g} film, {rest}" for g in goods} | {f"A good {f}, {rest}" for f in films}


def test_a_synonym_takes_over_the_capital(wordnet: str) -> None:
    (one, *_) = made("synonyms", wordnet, text='"Shoot it well", she said.')
    assert " ".join(one) == '"Film it well", she said.'


def test_insertion_adds_synonyms_of_words_of_the_text(wordnet: str) -> None:
    added = [Counter(words) - Counter(WORDS) for words in made("insert", wordnet, alpha=0.2)]
    allowed = {"fine", "Nice", "movie", "motion", "picture", "shoot"}
    assert {word for one in added for word in one} == allowed
    assert {sum(one.values()) for one in added} <= {2, 3, 4}  # two, of which each may be two words
    places = {words.index("shoot") for words in made("insert", wordnet, 0.01) if "shoot" in words}
    assert {0, len(WORDS)} <= places and len(places) > 8


def test_swapping_keeps_all_words_and_moves_two_of_them() -> None:
    for words in made("swap", None, alpha=0.1):
        assert Counter(words) == Counter(WORDS)
        assert sum(a != b for a, b in zip(words, WORDS, strict=True)) in (
            0,
            2,
        )  # "a" and "A" differ


def test_deletion_takes_the_share_it_is_told_and_leaves_a_word() -> None:
    left = [len(words) for words in made("delete", None, alpha=0.3)]
    assert 0.27 < 1 - np.mean(left) / len(WORDS) < 0.33
    assert all(len(words) == 1 for words in made("delete", None, alpha=1.0))
    assert {words[0] for words in made("delete", None, alpha=1.0)} == set(WORDS)


def test_eda_does_one_of_the_four_each_time(wordnet: str) -> None:
    every = WordEdits(OPERATIONS, alpha=0.1, wordnet=wordnet)
    kinds: Counter[str] = Counter()
    for seed in range(400):
        words = every(TEXT, np.random.default_rng(seed)).split()
        gained, lost = Counter(words) - Counter(WORDS), Counter(WORDS) - Counter(words)
        kinds[f"{'+' if gained else ''}{'-' if lost else ''}"] += 1
    assert (
        min(kinds["+-"], kinds["+"], kinds["-"], kinds[""]) > 40
    )  # replaced, inserted, deleted, swapped


@pytest.mark.parametrize("text", ["", "   ", "film", "...", "one\n"])
def test_what_has_no_two_words_is_left_alone(text: str, wordnet: str) -> None:
    edit = WordEdits(OPERATIONS, alpha=0.5, wordnet=wordnet)
    assert {edit(text, np.random.default_rng(seed)) for seed in range(20)} == {text}


def test_a_text_without_synonyms_stays_as_it_was_to_the_space(wordnet: str) -> None:
    edit = WordEdits(("synonyms", "insert"), alpha=0.5, wordnet=wordnet)
    text = "The  waiters\twere there, ..."
    assert {edit(text, np.random.default_rng(seed)) for seed in range(20)} == {text}
