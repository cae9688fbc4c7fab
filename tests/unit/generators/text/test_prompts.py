from __future__ import annotations

from pathlib import Path

import pytest

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.generators.text.prompts import Prompt, read_prompt
from tests.helpers.tiny_language import save_causal

TALK = "[system]\nBe brief.\n[user]\nSay otherwise: {text}\n[assistant]\nOf course:"
VALUES = {"text": "A {fine} film.", "label": "good"}


def test_a_text_goes_on_as_it_is() -> None:
    prompt = Prompt("Reviews, {label}, {{}}:\n- {text}\n-")
    assert prompt.turns == []
    assert prompt.places == {"label", "text"}
    assert prompt.told(VALUES) == "Reviews, good, {}:\n- A {fine} film.\n-"


def test_a_conversation_is_told_in_the_form_of_the_model(tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    with_form = AutoTokenizer.from_pretrained(save_causal(tmp_path / "chat", chat=True))
    without = AutoTokenizer.from_pretrained(save_causal(tmp_path / "plain"))
    prompt = Prompt(TALK)
    assert prompt.told(VALUES, with_form) == (
        "<s>system: Be brief.</s><s>user: Say otherwise: A {fine} film.</s><s>assistant: Of course:"
    )
    assert prompt.chats(with_form) and not prompt.chats(without)
    assert not Prompt("{text}").chats(with_form)
    plain = "Be brief.\nSay otherwise: A {fine} film.\nOf course:"
    assert prompt.told(VALUES, without) == prompt.told(VALUES) == plain
    open_end = Prompt("[user]\n{text}")
    assert open_end.told(VALUES, with_form) == "<s>user: A {fine} film.</s><s>assistant: "


@pytest.mark.parametrize("default", ["paraphrase.txt", "write.txt"])
def test_those_of_the_package_can_be_read(default: str) -> None:
    places = {"paraphrase.txt": {"text"}, "write.txt": {"examples", "label"}}[default]
    assert read_prompt(None, default, needed=places, known=()).places == places


def test_files_and_words_of_the_users_own(tmp_path: Path) -> None:
    file = tmp_path / "mine.txt"
    file.write_text("Again: {text}", encoding="utf-8")
    for given in (file, str(file), "Again: {text}"):
        assert read_prompt(given, "", needed=["text"], known=["label"]) == Prompt("Again: {text}")


@pytest.mark.parametrize(
    "wrong", ["missing.txt", "no place", "{text} {more}", "{label}", "{text} and {", "{text} {}"]
)
def test_what_cannot_be_filled_in_is_refused(wrong: str) -> None:
    with pytest.raises(ConfigError, match="SA481"):
        read_prompt(wrong, "", needed=["text"], known=["label"])


def test_what_is_told_besides_what_is_filled_in() -> None:
    assert Prompt(TALK).said() == ["Be brief.", "Say otherwise:", "Of course:"]
    assert Prompt("Of {label}:\n{examples}\n-").said() == ["Of", ":", "-"]


def test_a_conversation_is_a_list_of_turns() -> None:
    said = Prompt(TALK).messages({"text": "a {b}"})
    assert [each["role"] for each in said] == ["system", "user", "assistant"]
    assert "a {b}" in said[1]["content"]
    assert Prompt("{text}").messages({"text": "a"}) == []
