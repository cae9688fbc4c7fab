from __future__ import annotations

import pytest

from lightning_synthaug.generators.gates.phrases import leaks, refuses


@pytest.mark.parametrize(
    "text",
    [
        "I cannot help with that request.",
        "I'm sorry, but I can't assist with that.",
        "I\u2019m sorry, I can\u2019t write this.",
        "I am unable to paraphrase the given text.",
        "I'm unable to generate such content.",
        "Fine film. As an AI language model, I do not watch films.",
        "I am just a language model.",
        "I apologize, but I cannot do so.",
        "That is against my guidelines.",
        "I won't provide a review.",
    ],
)
def test_refusals(text: str) -> None:
    assert refuses(text)


@pytest.mark.parametrize(
    "text",
    [
        "I cannot recommend this place enough.",
        "I can't believe how good it was.",
        "Sorry, I will not be getting food from here.",
        "I'm sorry I ever bought it.",
        "An AI wrote the script, I am sure.",
        "I won't come back.",
    ],
)
def test_people_who_cannot_are_no_refusals(text: str) -> None:
    assert not refuses(text)


@pytest.mark.parametrize(
    "text",
    [
        "Here is a paraphrase: The film was fine.",
        "Here's the rewritten text in a friendly tone:\nThe film was fine.",
        "Sure! Here you go. The film was fine.",
        "Output: The film was fine.",
        "Paraphrased sentence 1: The film was fine.",
        "<|im_start|>assistant\nThe film was fine.",
        "The film was fine.<|eot_id|>",
        "[INST] Rewrite [/INST] The film was fine.",
        "The film was fine. </s>",
        "### Response\nThe film was fine.",
        "The film was fine.\nUser: thanks",
        "<think>The user wants...</think> The film was fine.",
        "The review was {text}.",
    ],
)
def test_leaks(text: str) -> None:
    assert leaks(text)


@pytest.mark.parametrize(
    "text",
    [
        "Here is the place to be.",
        "Of course I went again.",
        "The answer was no: they were closed.",
        "I < 3 it > all.",
        "My user name: unknown.",
        "Sure, it was fine.",
    ],
)
def test_ordinary_texts_leak_nothing(text: str) -> None:
    assert not leaks(text)


def test_a_prompt_leaks_by_six_words_or_by_all_of_three() -> None:
    prompt = "Write one short review of a film that you did like."
    assert leaks("So: write one short review, of no kind.", [prompt]) is False
    assert leaks("So: WRITE one short review of a kind.", [prompt]) is True
    assert leaks("one short review of a film", [prompt])
    assert leaks("Please be very brief now.", ["Be very brief!"])
    assert not leaks("He was brief.", ["Brief!", ""])
