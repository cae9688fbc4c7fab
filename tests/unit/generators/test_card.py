from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lightning_synthaug.assets import DEMO_CARD
from lightning_synthaug.errors import ConfigError, GeneratorError
from lightning_synthaug.generators.card import generator_from_card, read_card


@pytest.fixture
def card(tmp_path: Path) -> Path:
    for ending in (".json", ".safetensors"):
        shutil.copy(DEMO_CARD.with_suffix(ending), tmp_path)
    return tmp_path / DEMO_CARD.name


def edit(card: Path, **changes: Any) -> None:
    content = {**json.loads(card.read_text()), **changes}
    card.write_text(json.dumps({key: value for key, value in content.items() if value != "drop"}))


def test_a_card_and_its_weights_make_the_generator(card: Path) -> None:
    generator = generator_from_card(card, batch_size=7)
    assert generator.batch_size == 7
    assert generator.labels == frozenset(range(10))
    assert generator.name == "demo-digits"
    assert generator.fingerprint() == generator_from_card(DEMO_CARD).fingerprint()


def test_class_names_come_with_the_card(card: Path) -> None:
    assert generator_from_card(card).label_names() is None
    names = [f"digit {label}" for label in range(10)]
    edit(card, class_names=names)
    assert generator_from_card(card).label_names() == dict(enumerate(names))


NETWORKS = "lightning_synthaug.generators.networks."
NOISE = [0.0] * 8


@pytest.mark.parametrize(
    ("network", "good", "bad", "wanted"),
    [
        ("cvae:ClassDecoder", 0, -1, "a number, at least 0"),
        ("cgan:ImageMaker", 0.7, float("nan"), "a number, at least 0"),
        ("cgan:ImageMaker", 1, "wide", "a number, at least 0"),
        ("cvae:ClassDecoder", NOISE, [0.0] * 3, "8 finite numbers, or so many for each of 10"),
        ("cvae:ClassDecoder", [NOISE] * 10, [NOISE] * 2, "8 finite numbers"),
        ("cvae:ClassDecoder", np.zeros(8), np.full(8, np.nan), "8 finite numbers"),
        ("flow:FlowSampler", 5, 2.5, "a whole number, at least 1"),
        ("diffusion:DiffusionSampler", "ddim", "euler", r'"dpm" or "ddim"'),
    ],
)
def test_values_that_steer_nothing_are_refused(
    card: Path, network: str, good: Any, bad: Any, wanted: str
) -> None:
    arguments = {"image_shape": [1, 8, 8], "classes": 10, "latent": 8}
    edit(card, network={"module": NETWORKS + network, "arguments": arguments, "latent": 8})
    kind = "steps" if network.startswith("flow") else "spread"
    name = {"ddim": "sampler"}.get(str(good), kind if np.ndim(good) == 0 else "along")
    generator_from_card(card, sampling={name: good})
    with pytest.raises(ConfigError, match=rf"`{name}` must be {wanted}.*got.*SA449"):
        generator_from_card(card, sampling={name: bad})


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"format": 99}, "a card of format 1, got format 99"),
        ({"format": "drop"}, "a readable card, got KeyError: 'format'"),
        ({"labels": "drop"}, r"a card with 'labels' as list, got \["),
        ({"network": "x"}, "a card with 'network' as dict"),
        ({"network": {"module": 3}}, "a card with 'network.module' as str"),
        ({"sound": 8000}, "a card with 'sound' as dict, got"),
        ({"sound": {"rate": 8000}}, "a card with 'sound.length' as int"),
        ({"output": {"range": 3, "dtype": "uint8"}}, "a card with 'output.range' as list"),
        ({"weights": 7}, "a readable card, got TypeError"),
        ({"weights": None}, "a readable card, got TypeError"),
        ({"labels": 10}, "a card with 'labels' as list"),
        (
            {"network": {"module": "os:system", "arguments": {}, "latent": 3}},
            "a card of one of .*, got os:system",
        ),
        ({"weights": "../other.safetensors"}, "beside its weights, got no other.safetensors"),
        ({"weights_digest": "0" * 32}, "with digest 00000000"),
    ],
)
def test_a_card_that_is_not_right_is_refused(
    card: Path, changes: dict[str, Any], match: str
) -> None:
    edit(card, **changes)
    with pytest.raises(GeneratorError, match=rf"A fitted generator must have .*{match}.*SA443"):
        read_card(card)


def test_damaged_and_missing_files_are_refused(card: Path) -> None:
    card.with_suffix(".safetensors").write_bytes(b"other")
    with pytest.raises(GeneratorError, match=r"with digest .*SA443"):
        read_card(card)
    card.write_text("{")
    with pytest.raises(GeneratorError, match=r"got JSONDecodeError.*SA443"):
        read_card(card)
    card.write_text("[]")
    with pytest.raises(GeneratorError, match=r"got TypeError.*SA443"):
        read_card(card)
    with pytest.raises(GeneratorError, match=r"got FileNotFoundError.*SA443"):
        generator_from_card(card.parent / "none.json")


@pytest.mark.parametrize("content", ["[1]", "3", "null", '"text"'])
def test_json_of_another_kind_is_refused(card: Path, content: str) -> None:
    card.write_text(content)
    with pytest.raises(GeneratorError, match=r"a readable card, got \w+.*SA443"):
        read_card(card)


@pytest.mark.parametrize(
    "changes",
    [
        {"labels": ["a", "b"]},
        {"labels": []},
        {"class_names": ["one"]},
        {"output": {"range": [1.0], "dtype": "uint8"}},
        {"output": {"range": [0, 1], "dtype": "int8"}},
    ],
)
def test_entries_that_make_no_generator_are_refused(card: Path, changes: dict[str, Any]) -> None:
    edit(card, **changes)
    with pytest.raises(GeneratorError, match=r"must have entries that .*SA443"):
        generator_from_card(card)
