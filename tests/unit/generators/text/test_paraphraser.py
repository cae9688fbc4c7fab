"""Paraphrases by a tiny Llama: random words, but by the rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lightning_synthaug.data import Record
from lightning_synthaug.errors import ConfigError
from lightning_synthaug.generators import Rejection, Request
from lightning_synthaug.generators.gates import RealSamples
from lightning_synthaug.generators.text import LanguageModelParaphraser
from lightning_synthaug.generators.text.paraphraser import labels_of
from tests.helpers.samples import sentences
from tests.helpers.tiny_language import CORPUS, save_causal

SHORT = "Otherwise: {text}\nAgain:"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_causal(tmp_path_factory.mktemp("causal"), chat=True, length=1024)


def asked(texts: list[str], seed: int = 3) -> list[Request]:
    return [
        Request(1, i, seed=seed + 17 * i, twin=Record({"text": text, "label": i % 2}))
        for i, text in enumerate(texts)
    ]


def made_by(folder: Path, requests: list[Request], **more: Any) -> list[Record | Rejection]:
    generator = LanguageModelParaphraser(folder, **{"longest": 12, "batch_size": 4, **more})
    generator.load()
    return generator.generate(requests)


def test_a_variant_keeps_the_label_and_follows_its_seed(folder: Path) -> None:
    requests = asked(CORPUS[:6])
    results = made_by(folder, requests, prompt=SHORT)
    records = [r for r in results if isinstance(r, Record)]
    assert len(records) > 3
    assert all(
        record["label"] == requests[results.index(record)].twin["label"] for record in records
    )  # type: ignore[index]
    assert made_by(folder, requests[::-1], prompt=SHORT)[::-1] == results
    assert made_by(folder, asked(CORPUS[:6], seed=4), prompt=SHORT) != results


def test_the_real_text_and_the_label_reach_the_model(folder: Path) -> None:
    greedy: dict[str, Any] = {"temperature": 0, "class_names": ["bad", "good"]}
    plain = made_by(folder, asked(CORPUS[:2]), prompt="{text}", **greedy)
    named = made_by(folder, asked(CORPUS[:2]), prompt="{text} ({label})", **greedy)
    first = f"{CORPUS[0]} (bad)"
    assert named[0] == made_by(folder, asked([first]), prompt="{text}", temperature=0)[0]
    assert plain != named


def test_the_package_prompt_works_and_an_edited_file_is_another_generator(
    folder: Path, tmp_path: Path
) -> None:
    assert len(made_by(folder, asked(CORPUS[:1]))) == 1
    file = tmp_path / "mine.txt"
    file.write_text("Say it otherwise.\n{text}\n", encoding="utf-8")
    first = LanguageModelParaphraser(folder, prompt=file).fingerprint()
    file.write_text("Say it quite otherwise.\n{text}\n", encoding="utf-8")
    assert LanguageModelParaphraser(folder, prompt=file).fingerprint() != first
    assert LanguageModelParaphraser(folder, prompt=file, batch_size=3).fingerprint() != first


def test_what_is_out_of_range_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match="SA481"):
        LanguageModelParaphraser(folder, top_p=2)
    with pytest.raises(ConfigError, match="SA481"):
        LanguageModelParaphraser(folder, prompt="no place").load()


def test_gates_that_are_on_know_the_prompt_and_the_length() -> None:
    gates = LanguageModelParaphraser("model", field="text").default_gates()
    real = sentences(60)
    twin = real[0]
    said = [
        str(sentences(61)[60]["text"]),
        "Sentences, and the same said in other words, as before.",
        "I'm sorry, but I cannot help with that request, as it is a text.",
        "No.",
    ]
    for gate in gates:
        gate.fit(RealSamples.of(real))
    records = [twin.replace(text=text) for text in said]
    requests = [Request(None, i, twin=twin) for i in range(len(said))]
    refused = [
        [verdict.reason for verdict in each if not verdict.accepted]
        for each in zip(*(gate.judge(requests, records) for gate in gates), strict=True)
    ]
    assert refused[0] == []
    assert refused[1][0] == "leaks the prompt" and refused[2][0] == "refuses"
    assert "much shorter" in refused[3]


def test_labels_by_order_or_by_number() -> None:
    assert labels_of({3: "c", 1: "a"}) == [(1, "a"), (3, "c")]
