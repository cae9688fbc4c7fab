from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lightning_synthaug.assets import digits_split
from lightning_synthaug.fitting import fit_generator
from lightning_synthaug.fitting.diversity import Diversity

PARTNER = digits_split().partner
FEW = PARTNER.take(np.flatnonzero(PARTNER.labels < 2))


def card_of(out: Path, kind: str = "cvae", **settings: Any) -> dict[str, Any]:
    defaults: dict[str, Any] = {"device": "cpu", "progress": False, "width": 16, "latent": 2}
    fit_generator(kind, FEW.images, FEW.labels, out=out, **{**defaults, **settings})
    card: dict[str, Any] = json.loads((out / "card.json").read_text())
    return card


def test_a_fit_that_overfits_ends_early_with_its_best_weights(tmp_path: Path) -> None:
    card = card_of(
        tmp_path / "f",
        width=256,
        latent=32,
        beta=1e-6,
        epochs=4000,
        patience=2,
        held_out=0.3,
        learning_rate=5e-3,
    )
    losses = card["losses"]
    assert losses["ended"] == "the held-out loss no longer fell"
    assert losses["held_out"]["best_epoch"] < losses["epochs_done"] < 4000
    assert losses["held_out"]["best_loss"] < losses["held_out"]["loss"]


@pytest.mark.parametrize(("healthy", "kept"), [([True, False, False], True), ([False] * 5, False)])
def test_a_collapse_ends_a_gan_with_the_weights_before_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    healthy: list[bool],
    kept: bool,
) -> None:
    looks = iter([*healthy, *[False] * 99])

    def look(self: Diversity, images: Any, labels: Any) -> bool:
        found = next(looks)
        self._healthy_once |= found
        self._unhealthy = 0 if found else self._unhealthy + 1
        return found

    monkeypatch.setattr(Diversity, "look", look)
    settings = {"epochs": 45, "batch_size": 16, "held_out": 0.2, "width": 8}
    losses = card_of(tmp_path / "f", "cgan", **settings)["losses"]
    assert losses["held_out"]["samples_differ"] is kept
    assert ("collapse" in losses["ended"]) is kept
    assert ("SA448" in capsys.readouterr().err) is not kept
    if kept:
        assert losses["held_out"]["looks"] == 3


def test_losses_and_samples_are_logged(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    card_of(tmp_path / "f", epochs=2, logs=tmp_path / "logs")
    assert any(path.name.startswith("events") for path in (tmp_path / "logs").iterdir())
