from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lightning_synthaug.assets import digits_split
from lightning_synthaug.errors import ConfigError
from lightning_synthaug.fitting import fit_generator, load_fitted
from lightning_synthaug.fitting.data import fit_data
from lightning_synthaug.fitting.judge import Judge
from lightning_synthaug.generators import Request

PARTS = digits_split()


def test_noise_becomes_images_of_the_class_with_either_sampler(tmp_path: Path) -> None:
    few = PARTS.partner.take(np.flatnonzero(PARTS.partner.labels < 3))
    fit_generator(
        "diffusion",
        few.images,
        few.labels,
        out=tmp_path / "f",
        epochs=30,
        width=16,
        batch_size=32,
        learning_rate=3e-3,
        device="cpu",
        progress=False,
    )
    card = json.loads((tmp_path / "f" / "card.json").read_text())
    assert card["losses"]["held_out"]["best_loss"] < 0.8, "1 is what knows nothing"
    other = PARTS.test.take(np.flatnonzero(PARTS.test.labels < 3))
    judge = Judge(fit_data(other.images, other.labels), steps=100)
    asked = [Request(label=number % 3, number=number, seed=number) for number in range(60)]
    for sampling in ({"steps": 10}, {"sampler": "ddim", "steps": 10, "guidance": 1.0}):
        generator = load_fitted(tmp_path / "f", **sampling)
        generator.load("cpu")
        made = np.stack([record["image"] for record in generator.generate(asked)])  # type: ignore[index]
        samples = fit_data(made, np.arange(60) % 3)
        assert judge.accuracy(samples.images, samples.classes) > 0.7  # by chance: 0.33
    with pytest.raises(
        ConfigError, match=r"\['sampler', 'steps', 'guidance'\].*\['spread'\].*SA449"
    ):
        load_fitted(tmp_path / "f", spread=0.5)
