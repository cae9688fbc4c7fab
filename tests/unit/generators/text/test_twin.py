from __future__ import annotations

from collections.abc import Sequence

import pytest

from lightning_synthaug.data import Record
from lightning_synthaug.errors import GeneratorError
from lightning_synthaug.generators import Rejection, Request
from lightning_synthaug.generators.text.twin import TextVariants, twin_text


class Shouted(TextVariants):
    """The smallest generator of variants."""

    field = "text"

    def say(self, texts: Sequence[str], requests: Sequence[Request]) -> list[str | Rejection]:
        assert all(text.strip() for text in texts)
        return ["" if "?" in text else text.upper() for text in texts]


def made(*texts: str) -> list[Record | Rejection]:
    generator = Shouted()
    generator.load()
    twins = [Record({"text": text, "label": 1, "id": "x"}) for text in texts]
    return generator.generate([Request(1, i, twin=twin) for i, twin in enumerate(twins)])


def test_the_field_changes_and_the_others_stay() -> None:
    assert made("a film") == [Record({"text": "A FILM", "label": 1, "id": "x"})]


def test_what_is_no_variant_is_rejected_and_disturbs_no_other() -> None:
    results = made("", "FINE  film", "FINE FILM", "what?", "a film")
    assert results[0] == Rejection("the real text is empty")
    assert isinstance(results[1], Record)
    assert results[2:4] == [Rejection("the same as the real text"), Rejection("empty")]
    assert isinstance(results[4], Record)
    assert made("", " ") == [Rejection("the real text is empty")] * 2


def test_a_twin_with_the_field_is_needed() -> None:
    for twin in (None, Record({"label": 1}), Record({"text": 3})):
        with pytest.raises(GeneratorError, match="SA484"):
            twin_text(Request(1, 0, twin=twin), "text")
