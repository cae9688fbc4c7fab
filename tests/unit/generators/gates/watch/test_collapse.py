from __future__ import annotations

from lightning_synthaug.generators.gates.watch import Collapse


def test_it_is_told_with_its_numbers_and_the_code_of_its_page() -> None:
    text = Collapse("similarity", 3, 2, 40, 0.98, 1236).text("gan")
    assert "got 2 of the last 40 of 'gan' with label 3 unlike those before them" in text
    assert "98% in the beginning (similarity, 1,236 made so far)" in text
    assert text.endswith("[SA470]")


def test_of_all_labels_none_is_named() -> None:
    text = Collapse("labels", None, 0, 39, 0.9, 240).text("gan")
    assert "of 'gan' of another label than the one before" in text


def test_it_goes_through_json() -> None:
    one = Collapse("coverage", None, 1, 200, 0.5, 900)
    assert Collapse(**one._asdict()) == one
