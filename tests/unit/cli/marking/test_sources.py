from __future__ import annotations

from typing import Any

import pytest

from lightning_synthaug.cli.marking.sources import SAID, VOCABULARY, source_type, term_of


@pytest.mark.parametrize("term", sorted(SAID))
def test_a_generator_may_say_how_its_samples_come_about(term: str) -> None:
    assert source_type({"digital_source_type": term, "twin": "9f"}) == VOCABULARY + term
    assert source_type({"digital_source_type": VOCABULARY + term}) == VOCABULARY + term


@pytest.mark.parametrize("said", ["digitalCapture", VOCABULARY + "print", "", "x", 3, None, ["a"]])
def test_what_is_said_otherwise_does_not_count(said: Any) -> None:
    assert term_of(source_type({"digital_source_type": said})) == "trainedAlgorithmicMedia"


def test_a_sample_made_from_a_real_one_is_a_composite() -> None:
    assert term_of(source_type({"twin": "9f2c"})) == "compositeWithTrainedAlgorithmicMedia"
    assert term_of(source_type({"twin": None})) == "trainedAlgorithmicMedia"
