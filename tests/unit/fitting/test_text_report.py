from __future__ import annotations

from typing import Any

import pytest

from lightning_synthaug.fitting.text_report import judge_texts
from lightning_synthaug.fitting.texts import TextData, text_data

FILM = [f"the {word} film had a {word} story" for word in ("old", "new", "fine", "long")]
FOOD = [f"a {word} dish with {word} rice" for word in ("hot", "cold", "good", "bad")]
DATA = text_data([*FILM, *FOOD], [0] * 4 + [1] * 4, class_names=["film", "food"])
HELD_OUT = text_data([*FILM[:2], *FOOD[:2]], [0, 0, 1, 1], class_names=["film", "food"])


class Parrot:
    """Writes what it was told to; everything else in a report is made for real."""

    def __init__(self, *texts: str) -> None:
        self.texts = texts

    def write(self, classes: list[int], *, first_seed: int) -> list[str]:
        assert first_seed > 1 << 32
        return [self.texts[place % len(self.texts)] for place in classes]

    def loss_on(self, data: TextData) -> float:
        return 1.0

    def loss_before(self, data: TextData) -> float:
        return 2.0


def judged(*texts: str, held_out: TextData | None = HELD_OUT) -> tuple[dict[str, float], list[str]]:
    parrot: Any = Parrot(*texts)
    figures, table = judge_texts(parrot, DATA, held_out)
    return figures, table.decode().splitlines()


def test_copies_are_told_from_new_texts() -> None:
    figures, _ = judged(FILM[0], FOOD[0])
    assert figures["samples_recognised"] == 1.0
    assert figures["samples_to_nearest_fitted"] == 0.0
    figures, table = judged("the dull film had no story", "a salty dish with cold rice")
    assert figures["samples_recognised"] == 1.0
    assert figures["samples_to_nearest_fitted"] > 0.2
    assert figures["held_out_perplexity"] == pytest.approx(2.7183, abs=1e-4)
    assert figures["held_out_perplexity_before"] == pytest.approx(7.3891, abs=1e-4)
    assert table[0] == "class\tsample\tnearest text that was fitted on"
    assert [line.split("\t")[:2] for line in (table[1], table[-1])] == [
        ["film", "the dull film had no story"],
        ["food", "a salty dish with cold rice"],
    ]
    assert table[-1].split("\t")[2] in FOOD


def test_texts_of_the_wrong_class_are_not_recognised() -> None:
    assert judged(FOOD[0], FILM[0])[0]["samples_recognised"] == 0.0


def test_nothing_written_and_nothing_held_out() -> None:
    figures, table = judged("", held_out=None)
    assert figures == {"samples_empty": 1.0}
    assert len(table) == 1
    few = text_data(["a film", "a dish"], [0, 1])
    assert "samples_to_nearest_held_out" not in judged("a film", held_out=few)[0]
