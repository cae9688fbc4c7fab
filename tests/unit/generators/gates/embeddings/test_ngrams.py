from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from lightning_synthaug.data import Record
from lightning_synthaug.errors import GateError
from lightning_synthaug.generators.gates.embeddings import HashedNgrams
from lightning_synthaug.generators.gates.embeddings.ngrams import text_of

TEXTS = [
    "The battery of this phone lasts two days and charges within an hour.",
    "A slow and aimless movie about a distressed young man who drifts.",
    "Our waitress was friendly, but the potatoes were cold and the crust was soggy.",
    "I would like to transfer money from my savings account to another bank.",
    "The plot is thin, yet the actors make every single minute of it worth watching.",
]


def embed(*texts: str) -> np.ndarray:
    return HashedNgrams().embed([Record({"text": text}) for text in texts])


def apart(one: str, other: str) -> float:
    first, second = embed(one, other)
    return float(np.linalg.norm(first - second))


def test_a_changed_word_leaves_a_text_much_nearer_than_any_other() -> None:
    for text in TEXTS:
        words = text.split()
        others = min(apart(text, other) for other in TEXTS if other != text)
        for place in range(len(words)):
            changed = " ".join([*words[:place], "marvellous", *words[place + 1 :]])
            assert apart(text, changed) < 0.6 * others


def test_case_and_blanks_do_not_count_and_words_do() -> None:
    assert apart("A fine  film", "a FINE film\n") == 0
    assert apart("a fine film", "a film fine") == 0
    assert 0 < apart("a fine film", "a fine films") < apart("a fine film", "a dull film")


def test_a_word_said_often_does_not_drown_the_others() -> None:
    assert apart("very " * 8 + "fine film", "very fine film") < 0.6  # at its full weight: 0.74


def test_vectors_have_length_1_whatever_the_text() -> None:
    vectors = embed(*TEXTS, "x", "!?", "我们都喜欢这部电影", "\ud800")
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    assert vectors.dtype == np.float32
    assert not embed("", "  ").any()


def test_vectors_are_the_same_in_every_process() -> None:
    code = (
        "from lightning_synthaug.data import Record\n"
        "from lightning_synthaug.generators.gates.embeddings import HashedNgrams\n"
        f"print(HashedNgrams(8).embed([Record({{'text': {TEXTS[0]!r}}})]).tobytes().hex())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (
        done.stdout.strip() == HashedNgrams(8).embed([Record({"text": TEXTS[0]})]).tobytes().hex()
    )


def test_settings_tell_embeddings_apart() -> None:
    assert HashedNgrams().fingerprint() != HashedNgrams(512).fingerprint()


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(GateError, match=r'A gate for texts needs the field "text".*SA450'):
        text_of(Record({"text": 3}))
