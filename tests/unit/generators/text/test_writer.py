"""New texts by a tiny Llama: random words, but by the rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lightning_synthaug.data import Record
from lightning_synthaug.errors import ConfigError, GeneratorError
from lightning_synthaug.generators import Rejection, Request
from lightning_synthaug.generators.text import LanguageModelWriter
from tests.helpers.tiny_language import CORPUS, save_causal

REAL = [(text, place % 3) for place, text in enumerate(CORPUS[:30])]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_causal(tmp_path_factory.mktemp("causal"), length=1024)


def writer(folder: Path, examples: Any = REAL, **more: Any) -> LanguageModelWriter:
    made = LanguageModelWriter(folder, examples, **{"longest": 12, "batch_size": 4, **more})
    made.load()
    return made


def asked(count: int, seed: int = 3) -> list[Request]:
    return [Request(i % 3, i, seed=seed + 17 * i) for i in range(count)]


def test_texts_have_the_label_asked_for_and_follow_their_seeds(folder: Path) -> None:
    generator = writer(folder)
    results = generator.generate(asked(9))
    records = [r for r in results if isinstance(r, Record)]
    assert len(records) > 5
    assert [r["label"] for r in results if isinstance(r, Record)] == [
        i % 3 for i, r in enumerate(results) if isinstance(r, Record)
    ]
    assert [generator.generate([request])[0] for request in asked(9)] == results
    assert generator.generate(asked(9, seed=5)) != results
    assert generator.labels == {0, 1, 2}


def test_examples_are_real_ones_of_the_label_drawn_for_each_text(folder: Path) -> None:
    generator = writer(folder, shots=3)
    drawn = [generator.particulars(request)["examples"] for request in asked(60)]
    assert all(len(set(one)) == 3 and max(one) < 10 for one in drawn)
    assert {place for one in drawn for place in one} == set(range(10))
    few = writer(folder, {0: ["one text"], 5: ["another", " ", "a\nthird"]}, shots=4)
    assert sorted(few.particulars(Request(5, 0, seed=1))["examples"]) == [0, 1]
    assert few.labels == {0, 5}


def test_the_examples_and_the_name_reach_the_model(folder: Path) -> None:
    given: dict[str, Any] = {"temperature": 0, "shots": 1, "class_names": {0: "praise"}}
    generator = writer(folder, {0: [CORPUS[0]]}, prompt="{label}\n{examples}\n-", **given)
    (made,) = generator.generate([Request(0, 0)])
    model = generator._speaker.loaded
    assert model is not None
    (wanted,) = model.complete(
        [f"praise\n- {CORPUS[0]}\n-"], [0], generator._speaker.how, longest=12, stop=["\n"]
    )
    assert isinstance(made, Record) and isinstance(wanted, str)
    assert made["text"] in wanted
    assert generator.label_names() == {0: "praise"}


def test_a_repeated_example_is_turned_down(folder: Path) -> None:
    first = writer(folder, {0: ["x"]}, temperature=0, prompt="- {label}{examples}\n-")
    (made,) = first.generate([Request(0, 0)])
    assert isinstance(made, Record)
    # The same words as an example that the model does not see here.
    again = writer(folder, {0: [made["text"]]}, temperature=0, prompt="{examples}")
    again.told = first.told.__class__("- 0- x\n-{examples:.0}")  # type: ignore[misc]
    assert again.generate([Request(0, 0)]) == [Rejection("the same as a real text")]


def test_real_texts_and_the_prompt_are_part_of_the_identity(folder: Path) -> None:
    prints = {
        LanguageModelWriter(folder, examples, **more).fingerprint()
        for examples, more in (
            (REAL, {}),
            (REAL[:-1], {}),
            (REAL, {"shots": 2}),
            (REAL, {"prompt": "{examples}"}),
            (REAL, {"class_names": ["a", "b", "c"]}),
        )
    }
    assert len(prints) == 5
    by_label = {label: [text for text, own in REAL if own == label] for label in range(3)}
    assert LanguageModelWriter(folder, by_label).fingerprint() in prints


def test_gates_that_are_on_want_the_label_and_nothing_copied() -> None:
    names = [gate.name for gate in LanguageModelWriter("model", REAL).default_gates()]
    assert names == ["valid text", "label", "near_duplicate", "repetition"]


def test_what_cannot_be_is_refused(folder: Path) -> None:
    with pytest.raises(GeneratorError, match="SA414"):
        writer(folder).generate([Request(7, 0)])
    with pytest.raises(GeneratorError, match="SA413"):
        LanguageModelWriter(folder, REAL).generate([Request(0, 0)])
    for wrong in ({"shots": 0}, {"examples": []}, {"temperature": -1.0}):
        with pytest.raises(ConfigError, match="SA481"):
            LanguageModelWriter(folder, **{"examples": REAL, **wrong})  # type: ignore[arg-type]
