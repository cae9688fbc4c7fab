from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors.torch import load_file

from lightning_synthaug.fitting import fit_cvae
from lightning_synthaug.fitting.saved import ENCODER
from lightning_synthaug.generators.fitted_on import DIGESTS, fitted_digests, text_digest
from lightning_synthaug.generators.text.pretrained import model_digest
from tests.helpers.fitted_language import LABELS, TEXTS, fit_tiny


def test_a_fit_on_texts_leaves_what_peft_reads_and_a_card(tmp_path: Path) -> None:
    generator = fit_tiny(tmp_path, licence="CC0-1.0", source="a test", date="2000-01-01")
    out = tmp_path / "fitted"
    assert sorted(path.name for path in out.iterdir()) == [
        *("adapter_config.json", "adapter_model.safetensors", "card.json"),
        *(DIGESTS, "samples.tsv"),
    ]
    card = json.loads((out / "card.json").read_text())
    assert (card["labels"], card["class_names"]) == ([4, 9], ["four", "nine"])
    assert (card["licence"], card["made"]) == ("CC0-1.0", "2000-01-01")
    assert card["base"]["digest"] == model_digest(tmp_path / "base")
    assert card["data"]["count_by_label"] == {"4": LABELS.count(4), "9": LABELS.count(9)}
    assert card["prompt"] == 'Text of the kind "{label}":\n'
    assert card["report"]["held_out_perplexity"] < card["report"]["held_out_perplexity_before"]
    assert set(card["versions"]) >= {"peft", "transformers", "torch"}
    config = json.loads((out / "adapter_config.json").read_text())
    assert (config["r"], config["lora_alpha"], config["inference_mode"]) == (4, 8, True)
    assert config["base_model_name_or_path"] is None
    digests = fitted_digests(generator)
    assert digests is not None
    assert len(digests) == 18, "a quarter of each class is held out"
    assert set(digests.tolist()) < {text_digest(text) for text in TEXTS}
    weights = load_file(out / "adapter_model.safetensors")
    assert any(name.endswith("lora_B.weight") and bool(w.any()) for name, w in weights.items())


def test_a_fit_on_images_leaves_weights_an_encoder_and_a_picture(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (8, 6, 6)).astype(np.uint8)
    settings = {"epochs": 1, "width": 8, "latent": 2, "device": "cpu", "progress": False}
    fit_cvae(images, np.arange(8) % 2, out=tmp_path / "f", **settings)
    found = sorted(path.name for path in (tmp_path / "f").iterdir())
    assert found == ["card.json", ENCODER, DIGESTS, "generator.safetensors", "samples.png"]
