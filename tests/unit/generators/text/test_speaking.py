from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from lightning_synthaug.errors import GeneratorError
from lightning_synthaug.generators import LanguageModelParaphraser, LanguageModelWriter, Request
from lightning_synthaug.generators.text.speaking import Speaking
from tests.helpers.tiny_language import save_causal


@pytest.mark.parametrize("kind", ["writes", "paraphrases"])
def test_weights_come_with_load_and_go_with_unload(tmp_path: Path, kind: str) -> None:
    folder = save_causal(tmp_path)
    generator: Speaking = LanguageModelParaphraser(folder)
    if kind == "writes":
        generator = LanguageModelWriter(folder, {0: ["good morning"]})
    generator.load("cpu")
    assert (
        generator._speaker.settings() == pickle.loads(pickle.dumps(generator))._speaker.settings()
    )
    generator.unload()
    copy = pickle.loads(pickle.dumps(generator))
    for each in (generator, copy):
        assert each._device is None
        with pytest.raises(GeneratorError, match="SA41"):
            each.generate([Request(0, 0)])
