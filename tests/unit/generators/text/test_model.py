"""Texts in batches of one shape, by a tiny Llama with the real classes of transformers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from lightning_synthaug.generators.promises import random_states
from lightning_synthaug.generators.text.model import TextModel
from lightning_synthaug.generators.text.sampling import Sampling
from tests.helpers.tiny_language import CORPUS, save_causal

GREEDY = Sampling(temperature=0)
PROMPTS = ["The", CORPUS[0], " ".join(CORPUS[:3]), CORPUS[1], "", CORPUS[2], CORPUS[3]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_causal(tmp_path_factory.mktemp("causal"))


def model(folder: Path, **more: Any) -> TextModel:
    given: dict[str, Any] = {"device": "cpu", "dtype": "float32", "batch_size": 3}
    return TextModel(folder, None, **{**given, **more})


def test_a_greedy_text_is_what_transformers_says_of_the_prompt_alone(folder: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    network = AutoModelForCausalLM.from_pretrained(folder).eval()
    wanted = []
    for prompt in PROMPTS[:4]:
        inputs = tokenizer(prompt, return_tensors="pt")
        with torch.inference_mode():
            out = network.generate(**inputs, max_new_tokens=20, do_sample=False)
        new = out[0, inputs["input_ids"].shape[1] :]
        wanted.append(tokenizer.decode(new, skip_special_tokens=True).strip())
    made = model(folder).complete(PROMPTS[:4], [0] * 4, GREEDY, longest=20)
    assert made == wanted
    assert len(set(wanted)) > 2


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_sampled_text_is_the_same_in_any_company(dtype: str, folder: Path) -> None:
    chosen = Sampling(temperature=1.0, repetition_penalty=1.2)
    writer = model(folder, dtype=dtype)
    seeds = list(range(100, 100 + len(PROMPTS)))
    before = random_states()
    together = writer.complete(PROMPTS, seeds, chosen, longest=16)
    assert random_states() == before
    for place, (prompt, seed) in enumerate(zip(PROMPTS, seeds, strict=True)):
        assert writer.complete([prompt], [seed], chosen, longest=16) == [together[place]]
    turned = writer.complete(PROMPTS[::-1], seeds[::-1], chosen, longest=16)
    assert turned[::-1] == together
    others = writer.complete(PROMPTS[:1] * 20, range(20), chosen, longest=16)
    assert len(set(others)) > 15


def test_a_text_ends_before_the_sign_to_stop_at(folder: Path) -> None:
    writer = model(folder)
    chosen = Sampling(temperature=1.0)
    seeds = list(range(12))
    whole = writer.complete(PROMPTS[:1] * 12, seeds, chosen, longest=16)
    cut = writer.complete(PROMPTS[:1] * 12, seeds, chosen, longest=16, stop=["e", "an"])
    assert sum("e" in (text or "") for text in whole) > 3
    for text, short in zip(whole, cut, strict=True):
        assert text is not None and short is not None
        assert "e" not in short and "an" not in short
        assert text.startswith(short)


def test_a_prompt_that_does_not_fit_is_none_and_the_others_are_made(tmp_path: Path) -> None:
    writer = model(save_causal(tmp_path, length=64))
    made = writer.complete([" ".join(CORPUS[:9]), "The"], [1, 2], GREEDY, longest=16)
    assert made[0] is None and made[1] is not None
