from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from lightning_synthaug.assets import digits_split
from lightning_synthaug.errors import GeneratorError, MissingDependency
from lightning_synthaug.fitting import fit_cvae
from lightning_synthaug.fitting.latents import class_means, find_latents
from lightning_synthaug.generators import Request

PARTNER = digits_split().partner
FEW = PARTNER.take(np.flatnonzero(PARTNER.labels < 2))


def test_what_was_spent_is_on_the_card_and_nothing_of_the_data_beside_it(tmp_path: Path) -> None:
    out = tmp_path / "f"
    generator = fit_cvae(
        FEW.images,
        FEW.labels,
        out=out,
        epochs=3,
        width=16,
        epsilon=5.0,
        device="cpu",
        progress=False,
    )
    card = json.loads((out / "card.json").read_text())
    assert 4 < card["privacy"]["epsilon"] <= 5.0
    assert card["privacy"]["delta"] == 1 / (10 * len(FEW))
    assert card["privacy"]["noise_multiplier"] > 0.3
    assert {"losses", "report"}.isdisjoint(card)
    assert sorted(p.name for p in out.iterdir()) == [
        "card.json",
        "generator.safetensors",
        "samples.png",
    ]
    assert (class_means(out) == 0).all()
    with pytest.raises(
        GeneratorError, match=r"an encoder, got none, as after a private fit.*SA443"
    ):
        find_latents(out, FEW.images[:1], FEW.labels[:1])
    generator.load("cpu")
    (record,) = generator.generate([Request(label=1, number=0)])
    assert record["image"].shape == (8, 8)  # type: ignore[index, union-attr]


def test_fewer_epochs_than_planned_spend_less(tmp_path: Path) -> None:
    fit_cvae(
        FEW.images,
        FEW.labels,
        out=tmp_path / "f",
        epochs=1000,
        max_minutes=0.01,
        width=16,
        epsilon=5.0,
        device="cpu",
        progress=False,
    )
    assert json.loads((tmp_path / "f" / "card.json").read_text())["privacy"]["epsilon"] < 4


def test_a_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opacus", None)
    with pytest.raises(MissingDependency, match=r"`opacus`.*\[privacy\].*SA832"):
        fit_cvae(FEW.images, FEW.labels, out=tmp_path / "f", epsilon=1.0, progress=False)
    assert list(tmp_path.iterdir()) == []
