from __future__ import annotations

import io
import sys
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from lightning_synthaug.assets import digits_split
from lightning_synthaug.fitting.cgan import CGAN
from lightning_synthaug.fitting.data import FitData, fit_data
from lightning_synthaug.fitting.report import judge_samples, picture_samples
from lightning_synthaug.fitting.training import split_data

PARTS = digits_split()
DATA = fit_data(PARTS.partner.images, PARTS.partner.labels)


class Copies(nn.Module):
    """A generator that returns what it was fitted on."""

    def __init__(self, data: FitData) -> None:
        super().__init__()
        self.data = data

    def forward(self, latents: torch.Tensor, onehot: torch.Tensor) -> torch.Tensor:
        chosen = []
        for latent, label in zip(latents, onehot.argmax(1).tolist(), strict=True):
            rows = np.flatnonzero(self.data.classes == label)
            chosen.append(self.data.images[rows[int(abs(float(latent[0])) * 1e4) % len(rows)]])
        return torch.from_numpy(np.stack(chosen)) * 2 - 1


def module(shipped: nn.Module | None = None) -> CGAN:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = CGAN(image_shape=(1, 8, 8), classes=10, latent=4, width=8)
    if shipped is not None:
        made.average.module = shipped
    return made


def test_copies_are_recognised_and_found_to_be_copies() -> None:
    seen, held_out = split_data(DATA, 0.2, 0)
    assert held_out is not None
    figures = judge_samples(module(Copies(seen)), seen, held_out)
    assert figures["fidelity_ratio"] > 0.95
    assert figures["samples_to_nearest_fitted"] == 0
    assert figures["held_out_to_nearest_fitted"] > 0.05
    assert figures["samples_to_nearest_held_out"] > 0.05


def test_what_has_learned_nothing_is_not_recognised() -> None:
    figures = judge_samples(module(), DATA, None)
    assert figures["samples_recognised"] < 0.4
    assert "fidelity_ratio" not in figures


@pytest.mark.parametrize("data", [DATA, None])
def test_samples_and_their_neighbours_are_drawn(data: Any) -> None:
    content = picture_samples(module(Copies(DATA)), data)
    assert content is not None
    picture = np.asarray(Image.open(io.BytesIO(content)))
    assert picture.shape == (80, 48 if data is None else 98)
    if data is not None:
        assert (picture[:, :48] == picture[:, 50:]).all(), "each copy's neighbour is itself"
        assert (picture[:, 48:50] == 255).all()


def test_without_pillow_there_is_no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert picture_samples(module(), DATA) is None
