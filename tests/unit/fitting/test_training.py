from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.fitting import fit_generator
from lightning_synthaug.fitting import watch as watch_module
from lightning_synthaug.fitting.data import fit_data
from lightning_synthaug.fitting.training import make_module, split_data
from lightning_synthaug.fitting.watch import FitWatch

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (60, 6, 6)).astype(np.uint8)
LABELS = np.arange(60) % 3
SETTINGS: dict[str, Any] = {"epochs": 6, "batch_size": 16, "device": "cpu", "progress": False}


@pytest.mark.parametrize("share", [0.1, 0.25, 0.9])
def test_a_share_of_each_class_is_held_out(share: float) -> None:
    data = fit_data(IMAGES, LABELS)
    seen, held_out = split_data(data, share, seed=3)
    assert held_out is not None
    assert np.bincount(held_out.classes).tolist() == [round(min(share * 20, 18))] * 3
    assert len(seen.classes) + len(held_out.classes) == 60
    both = np.concatenate([seen.images, held_out.images])
    assert len(np.unique(both.reshape(60, -1), axis=0)) == 60


def test_tiny_classes_are_fitted_on_whole() -> None:
    data = fit_data(IMAGES[:4], [0, 0, 1, 1])
    assert split_data(data, 0.5, 0) == (data, None)
    assert split_data(fit_data(IMAGES, LABELS), 0.0, 0)[1] is None


@pytest.mark.parametrize("kind", ["cvae", "cgan"])
def test_a_fit_goes_on_where_it_was_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(watch_module, "_SECONDS", 0.0)
    own: dict[str, Any] = {**SETTINGS, "width": 8, "latent": 2}
    fit_generator(kind, IMAGES, LABELS, out=tmp_path / "whole", **own)
    looked = FitWatch.on_train_epoch_end

    def interrupt(self: FitWatch, trainer: Any, pl_module: Any) -> None:
        looked(self, trainer, pl_module)
        if self.epochs_done == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(FitWatch, "on_train_epoch_end", interrupt)
        fit_generator(kind, IMAGES, LABELS, out=tmp_path / "broken", **own)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".broken.fitting", "whole"]
    with pytest.raises(ConfigError, match=r"other data, settings or versions.*SA445"):
        fit_generator(kind, IMAGES, LABELS, out=tmp_path / "broken", **{**own, "seed": 1})
    fit_generator(kind, IMAGES, LABELS, out=tmp_path / "broken", **own)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken", "whole"]
    weights = [
        (tmp_path / name / "generator.safetensors").read_bytes() for name in ("whole", "broken")
    ]
    assert weights[0] == weights[1], "as if it had never been interrupted"
    card = json.loads((tmp_path / "broken" / "card.json").read_text())
    assert (card["losses"]["epochs_done"], card["losses"]["steps_done"]) == (6, 24)


def test_each_kind_makes_its_own_module() -> None:
    data = fit_data(IMAGES, LABELS)
    settings = {"latent": 2, "width": 8, "learning_rate": 1e-3}
    for kind in ("cvae", "cgan", "diffusion"):
        own = {k: v for k, v in settings.items() if kind != "diffusion" or k != "latent"}
        module = make_module(kind, data, own, 10)
        assert (module.kind, module.classes, module.total_steps) == (kind, 3, 10)
