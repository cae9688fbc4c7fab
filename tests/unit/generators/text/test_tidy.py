from __future__ import annotations

import pytest

from lightning_synthaug.generators.text.tidy import tidied


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("A fine film.", "A fine film."),
        ("\n\n  A fine film. \nAnother one.", "A fine film."),
        ("- A fine film.", "A fine film."),
        ("3. A fine film.", "A fine film."),
        ("12) A fine film.", "A fine film."),
        ("3.5 stars.", "3.5 stars."),
        ("-5 degrees, and fine.", "-5 degrees, and fine."),
        ('"A fine film."', "A fine film."),
        ("\u201cA fine film.\u201d", "A fine film."),
        ('"Fine" and "good"', '"Fine" and "good"'),
        ('"', '"'),
        ("", ""),
        ("- ", ""),
    ],
)
def test_marks_around_a_text_are_taken_off(written: str, text: str) -> None:
    assert tidied(written) == text
