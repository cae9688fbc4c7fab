from __future__ import annotations

from pathlib import Path

import numpy as np

from lightning_synthaug.generators.gates.letters import LetterProfile
from tests.helpers.samples import sentences

TEXTS = [str(record["text"]) for record in sentences(200)]
LICENCE = Path(__file__).parents[4] / "LICENSE"
GERMAN = "Der alte Kellner hat unsere Bestellung schon wieder vergessen und nichts gesagt."


def test_other_texts_of_the_language_are_usual_and_another_language_is_strange() -> None:
    profile = LetterProfile(TEXTS[:100])
    others = [profile.strangeness(text) for text in TEXTS[100:]]
    assert None not in others
    assert abs(float(np.mean(np.array(others, float)))) < 1
    strange = profile.strangeness(GERMAN)
    assert strange is not None
    assert strange > 2 * float(np.max(np.array(others, float)))


def test_texts_learnt_from_are_no_more_usual_than_others() -> None:
    # What is usual is measured as if each text was left out: else all others would be twice as strange.
    lines = [line.strip() for line in LICENCE.read_text("utf-8").splitlines()]
    lines = [line for line in lines if len(line) > 50]
    profile = LetterProfile(lines[:20])
    assert abs(np.mean([profile.strangeness(line) or 0.0 for line in lines[60:]])) < 8


def test_case_digits_and_signs_do_not_count() -> None:
    profile = LetterProfile(TEXTS)
    plain = profile.strangeness("the waiter forgot the phone")
    assert plain == profile.strangeness("The Waiter -- forgot 17 (!) the PHONE...")


def test_a_longer_text_tells_more() -> None:
    profile = LetterProfile(TEXTS)
    short, long = profile.strangeness(GERMAN), profile.strangeness(f"{GERMAN} " * 4)
    assert short is not None
    assert long is not None
    assert long > 1.8 * short > 0


def test_texts_without_letters_tell_nothing() -> None:
    assert LetterProfile(TEXTS).strangeness("1234 !!") is None
    assert LetterProfile(["1", ""]).strangeness("abc def") is not None


def test_any_script_and_any_sign_is_taken() -> None:
    profile = LetterProfile(["снова забыл", "我们都喜欢这部电影", "\ud800 lone"])
    assert profile.strangeness("\udfff 电影") is not None
