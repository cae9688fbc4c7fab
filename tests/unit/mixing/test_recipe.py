from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import TensorDataset

from lightning_synthaug.errors import ConfigError, SynthAugError
from lightning_synthaug.mixing import Recipe, default_cache
from lightning_synthaug.plan import Constant, Linear
from tests.helpers.traced import Tracer

DATA = TensorDataset(torch.zeros(10))


def test_constructing_is_free_and_keeps_what_was_given(tmp_path: Path) -> None:
    generator = Tracer()
    recipe = Recipe(source=generator, ratio=0.3, cache=tmp_path / "cache", pool=5)
    assert recipe.source is generator
    assert (recipe.ratio, recipe.schedule, recipe.pool) == (0.3, Constant(0.3), 5)
    assert recipe.cache_folder() == tmp_path / "cache"
    assert list(tmp_path.iterdir()) == []


def test_sources_are_named() -> None:
    assert list(Recipe(source=DATA, ratio=0.3).sources) == ["synthetic"]
    named = Tracer()
    named.name = "gan"
    assert list(Recipe(source=named, ratio=0.3).sources) == ["gan"]
    both = Recipe(source={"a": DATA, "b": named}, ratio=0.3, weights={"b": 3, "a": 1})
    assert list(both.sources) == ["a", "b"]
    assert both.source_weights() == [1, 3]
    assert Recipe(source={"a": DATA, "b": DATA}, ratio=0.3).source_weights() == [1, 1]


def test_the_cache_folder_follows_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("LIGHTNING_SYNTHAUG_CACHE", raising=False)
    assert default_cache() == tmp_path / "lightning_synthaug"
    monkeypatch.setenv("LIGHTNING_SYNTHAUG_CACHE", str(tmp_path / "mine"))
    assert Recipe(source=DATA, ratio=0.3).cache_folder() == tmp_path / "mine"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Recipe(source=DATA, ratio=0.3, cache="~/here").cache_folder() == tmp_path / "here"


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"ratio": 30}, r"divide by 100: 0.3.*SA101"),
        ({"ratio": Linear(0.0, 0.5), "transform_p": 50}, r"`transform_p` must be a ratio.*SA101"),
        ({"weights": {"synthetic": 0}}, r"above 0, got 0.*SA102"),
        ({"weights": {"synthetic": -2}}, r"above 0, got -2.*SA102"),
        ({"weights": {"other": 1}}, r"unknown: \['other'\].*SA103"),
        ({"transform_on": "all"}, r"`transform_on` must be one of 'both', 'real'.*SA114"),
        ({"fill": "behind"}, r"`fill` must be one of.*SA114"),
        ({"on_miss": "skip"}, r"`on_miss` must be one of.*SA114"),
        ({"balance": "level"}, r"`balance` must be one of.*SA114"),
        ({"cache_bytes": "5GB"}, r"`cache_bytes` must be a whole number >= 1.*SA114"),
        ({"pool": 0}, r"`pool` must be a whole number >= 1.*SA114"),
        ({"reuse": 1.5}, r"`reuse` must be a whole number >= 1.*SA114"),
        ({"seed": "7"}, r"`seed` must be a whole number.*SA114"),
        ({"generation_seed": True}, r"`generation_seed` must be a whole number.*SA114"),
        ({"loss_weight": -1.0}, r"`loss_weight` must be a number >= 0.*SA114"),
        ({"loss_weight": float("inf")}, r"`loss_weight`.*SA114"),
        ({"loss_weight": "x"}, r"`loss_weight` must be a number.*SA114"),
        ({"device": "gpu"}, r"`device` must be.*SA114"),
        ({"cache": 3}, r"`cache` must be.*SA114"),
        ({"fill": "beside"}, r"`fill` must be one of 'ahead', 'background', 'off'.*SA114"),
        ({"on_producer_failure": "stop"}, r"`on_producer_failure` must be one of.*SA114"),
        ({"device": ["cpu", "cuda"]}, r"`device` must be.*SA114"),
        ({"budget": {"weeks": 3}}, r"`budget` must give positive numbers under 'samples'.*SA114"),
        ({"budget": {"samples": 0}}, r"`budget` must give positive.*SA114"),
        ({"budget": {"hours": "2"}}, r"`budget` must give positive.*SA114"),
        ({"budget": 3}, r"`budget` must give positive.*SA114"),
        ({"budget": {"money": 3}}, r"`budget` must leave \"money\" out.*SA114"),
        ({"source": {"real": DATA}}, r"another name than 'real'.*SA115"),
        ({"source": {}}, r"at least one source.*SA115"),
        ({"source": "weights.pt"}, r"'synthetic' must be a generator or a map-style.*SA115"),
        ({"source": {"gan": iter([])}}, r"'gan' must be a generator.*SA115"),
    ],
)
def test_options_are_checked_when_they_are_written_down(
    options: dict[str, Any], match: str
) -> None:
    with pytest.raises(ConfigError, match=match):
        Recipe(**({"source": DATA, "ratio": 0.3} | options))


@pytest.mark.parametrize(
    ("options", "code"),
    [({"label_map": {0: -1}}, "SA209"), ({"transform": 3}, "SA211")],
)
def test_what_other_parts_own_is_checked_by_them(options: dict[str, Any], code: str) -> None:
    with pytest.raises(SynthAugError, match=code):
        Recipe(**({"source": DATA, "ratio": 0.3} | options))


def test_an_empty_synthetic_dataset_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"'synthetic' must hold at least one item, got an empty list.*SA115"
    ):
        Recipe(source=[], ratio=0.3)
