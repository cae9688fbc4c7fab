from __future__ import annotations

from typing import Any

import pytest

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.fitting.settings import KINDS, complete_settings


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "lm"])
def test_defaults_make_some_thousand_steps(kind: str) -> None:
    settings = complete_settings(kind, {"epochs": None}, 1000)
    assert 4000 <= settings["epochs"] * 1000 / settings["batch_size"] <= 6500
    assert settings["learning_rate"] == KINDS[kind]["learning_rate"]
    assert "epsilon" not in settings
    assert complete_settings(kind, {}, 10**9)["epochs"] == 10


def test_a_language_model_goes_ten_times_over_its_texts_and_has_to_be_named() -> None:
    settings = complete_settings("lm", {"model": "a/model"}, 1000)
    assert (settings["epochs"], settings["batch_size"], settings["patience"]) == (10, 8, 2)
    with pytest.raises(ConfigError, match=r"`model` must name the language model.*SA444"):
        complete_settings("lm", {}, 1000)


def test_privacy_takes_all_images_and_a_small_delta() -> None:
    settings = complete_settings("cvae", {"epsilon": 3}, 1000)
    assert (settings["epsilon"], settings["delta"], settings["held_out"]) == (3, 1e-4, 0.0)
    assert complete_settings("cvae", {"epsilon": 3, "delta": 0.01}, 10)["delta"] == 0.01


@pytest.mark.parametrize(
    ("kind", "given", "match"),
    [
        ("gan", {}, r"`kind` must be one of \['cvae', 'cgan', 'diffusion', 'lm'\], got 'gan'"),
        ("cgan", {"beta": 1.0}, r"A setting of cgan must be one of .*got \['beta'\]"),
        ("diffusion", {"epsilon": 1.0}, r"A setting of diffusion .*got \['epsilon'\]"),
        ("cgan", {"loss": "mse"}, "`loss` must be .*got 'mse'"),
        ("cgan", {"augment": "yes"}, "`augment` must be true or false, got 'yes'"),
        ("cvae", {"held_out": 1.0}, r"`held_out` must lie in \[0, 1\), got 1.0"),
        ("cvae", {"patience": 0}, "`patience` must be at least 1, got 0"),
        ("cvae", {"epochs": 1.5}, "`epochs` must be a whole number, got 1.5"),
        (
            "cvae",
            {"learning_rate": "1e-3"},
            "`learning_rate` must be a number, got '1e-3'. Write it as YAML does",
        ),
        ("cvae", {"epsilon": -1.0}, "`epsilon` must be positive, got -1.0"),
        ("cvae", {"delta": 2.0}, "`delta` must lie below 1, got 2.0"),
    ],
)
def test_other_settings_are_refused(kind: str, given: dict[str, Any], match: str) -> None:
    with pytest.raises(ConfigError, match=rf"{match}.*SA444"):
        complete_settings(kind, given, 100)
