from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from lightning_synthaug.assets import digits_split
from lightning_synthaug.fitting import fit_generator
from lightning_synthaug.fitting.cgan import CGAN
from lightning_synthaug.fitting.data import fit_data
from lightning_synthaug.fitting.judge import Judge
from lightning_synthaug.generators import Request

PARTS = digits_split()


@pytest.mark.parametrize("loss", ["hinge", "wgan-gp"])
def test_samples_come_to_look_like_their_class(tmp_path: Path, loss: str) -> None:
    few = PARTS.partner.take(np.flatnonzero(PARTS.partner.labels < 3))
    generator = fit_generator(
        "cgan",
        few.images,
        few.labels,
        out=tmp_path / "f",
        epochs=60,
        latent=16,
        width=16,
        loss=loss,
        learning_rate=2e-3,
        batch_size=32,
        device="cpu",
        progress=False,
    )
    generator.load("cpu")
    asked = [Request(label=number % 3, number=number, seed=number) for number in range(150)]
    made = np.stack([record["image"] for record in generator.generate(asked)])  # type: ignore[index]
    other = PARTS.test.take(np.flatnonzero(PARTS.test.labels < 3))
    judge = Judge(fit_data(other.images, other.labels), steps=100)
    samples = fit_data(made, np.arange(150) % 3)
    assert judge.accuracy(samples.images, samples.classes) > 0.7  # by chance: 0.33


def test_the_critic_learns_faster_and_the_average_follows() -> None:
    with torch.random.fork_rng():
        module = CGAN(image_shape=(1, 8, 8), classes=2, latent=3, width=8, learning_rate=1e-3)
    maker, critic = module.configure_optimizers()
    assert (maker.param_groups[0]["lr"], critic.param_groups[0]["lr"]) == (1e-3, 2e-3)
    assert critic.param_groups[0]["full_lr"] == 2e-3
    assert module.shipped is module.average.module
    module.held_out_loss(torch.zeros(1), torch.zeros(1))
