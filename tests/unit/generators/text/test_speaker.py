from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from lightning_synthaug.errors import GeneratorError
from lightning_synthaug.generators import Rejection
from lightning_synthaug.generators.text.prompts import Prompt
from lightning_synthaug.generators.text.sampling import Sampling
from lightning_synthaug.generators.text.speaker import Speaker
from tests.helpers.tiny_language import CORPUS, save_causal

VALUES = [{"text": text} for text in CORPUS[:3]]


def speaker(folder: Path, **more: Any) -> Speaker:
    given: dict[str, Any] = {
        "dtype": "float32",
        "how": Sampling(temperature=1.0),
        "longest": 12,
        "stop": ["\n"],
        "batch_size": 2,
    }
    return Speaker(folder, None, **{**given, **more})


def test_the_signs_of_a_chat_are_not_added_twice(tmp_path: Path) -> None:
    made = speaker(save_causal(tmp_path, chat=True))
    made.load("cpu")
    model = made.loaded
    assert model is not None
    prompt = Prompt("[user]\n{text}")
    by_hand = model.complete(
        [prompt.told(one, model.tokenizer) for one in VALUES],
        [1, 2, 3],
        made.how,
        longest=12,
        stop=["\n"],
        special=False,
    )
    said = made.say(prompt, VALUES, [1, 2, 3], name="x")
    assert len(set(said)) == 3
    for one, other in zip(said, by_hand, strict=True):
        assert isinstance(one, str) and isinstance(other, str)
        assert one in other


def test_prompts_that_are_too_long_and_models_that_are_not_there(tmp_path: Path) -> None:
    made = speaker(save_causal(tmp_path, length=64))
    with pytest.raises(GeneratorError, match="SA413"):
        made.say(Prompt("{text}"), VALUES, [1, 2, 3], name="x")
    made.load("cpu")
    long = [{"text": " ".join(CORPUS[:20])}]
    assert made.say(Prompt("{text}"), long, [1], name="x") == [
        Rejection("the prompt is too long for the model")
    ]
    assert pickle.loads(pickle.dumps(made)).loaded is None
    made.unload()
    assert made.loaded is None
