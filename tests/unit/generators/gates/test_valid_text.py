from __future__ import annotations

import pytest

from lightning_synthaug.data import Record
from lightning_synthaug.errors import ConfigError, GateError
from lightning_synthaug.generators.gates import ValidText
from tests.helpers.samples import reasons, sentences, share_accepted

REAL = sentences(150)


def text(*said: str) -> list[Record]:
    return [Record({"text": one}) for one in said]


BROKEN = {
    "empty": ["", "  \n "],
    "too short": ["My."],
    "too long": [
        "The young doctor praised this lovely film, but my sister wanted a cheap phone. " * 3
    ],
    "cut off": ["The old waiter was looking for the", "My sister forgot their last ticket on"],
    "repeats itself": ["The tired driver " + "was looking for " * 5 + "a phone."],
    "other language": [
        "Der alte Kellner hat unseren Nachbarn schon wieder vergessen.",
        "El viejo camarero olvidó otra vez el pedido de la mesa.",
        "Официант снова забыл наш заказ.",
    ],
    "refuses": ["I'm sorry, but I cannot do that.", "As an AI, I have not seen this lovely film."],
    "leaks the prompt": [
        "Paraphrase: My sister wanted a cheap phone.",
        "The doctor has sold it.</s>",
    ],
}


@pytest.mark.parametrize("fault", BROKEN)
def test_each_fault_is_found_and_named(fault: str) -> None:
    found = reasons(ValidText(), REAL, *text(*BROKEN[fault]))
    assert found == [fault] * len(found)


def test_other_sound_texts_pass() -> None:
    assert share_accepted(ValidText(), REAL, sentences(400)[150:]) >= 0.97


def test_what_real_texts_show_is_no_fault() -> None:
    open_ended = text(*(str(r["text"])[:-1] for r in REAL))
    assert reasons(ValidText(), open_ended, *sentences(200)[190:]) == [""] * 10
    cut = text(
        "The old waiter was looking for the", "The old waiter praised a cheap phone in the end"
    )
    assert reasons(ValidText(), open_ended, *cut) == ["cut off", ""]
    chats = text(*(f"User: {r['text']}" for r in REAL))
    assert reasons(ValidText(), chats, chats[0]) == [""]
    assert reasons(ValidText(), REAL, chats[0]) == ["leaks the prompt"]


@pytest.mark.parametrize(
    "prompts",
    ["Say what the old waiter wanted in the end.", ["Be brief.", "what the old waiter wanted"]],
)
def test_words_of_the_prompt_are_found(prompts: str | list[str]) -> None:
    leaky = text("My sister forgot what the old waiter wanted in the end.")
    assert reasons(ValidText(), REAL, *leaky) == [""]
    assert reasons(ValidText(prompts=prompts), REAL, *leaky) == ["leaks the prompt"]


def test_the_language_can_be_told_by_a_library() -> None:
    gate = ValidText(language="en")
    found = reasons(gate, REAL, *text(*BROKEN["other language"]), *sentences(160)[150:])
    assert found == ["other language"] * 3 + [""] * 10
    with pytest.raises(ConfigError, match=r"`language` must be one of .*got 'klingon'.*SA464"):
        reasons(ValidText(language="klingon"), REAL)


def test_what_is_no_text_or_no_share_is_refused() -> None:
    with pytest.raises(GateError, match=r"A gate for texts needs.*SA450"):
        reasons(ValidText(), REAL, Record({"label": 3}))
    with pytest.raises(ConfigError, match="SA452"):
        ValidText(share=-1)
