"""Prompts: what is drawn, and what is refused before anything is loaded."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from synthaug_diffusers import DiffusersImageToImage, DiffusersTextToImage
from synthaug_diffusers.prompts import Prompts, named_labels

from lightning_synthaug.errors import ConfigError


def test_each_value_and_template_is_drawn_about_as_often_as_the_others() -> None:
    prompts = Prompts(
        ("{light}, {label}", "{label} {{}}"), {4: "cat"}, {"light": ("dim", "bright")}
    )
    drawn = Counter(prompts.write(4, seed=seed) for seed in range(400))
    assert set(drawn) == {"dim, cat", "bright, cat", "cat {}"}
    assert 160 < drawn["cat {}"] < 240
    assert 70 < drawn["dim, cat"] < 130


def test_names_come_as_a_list_or_by_label() -> None:
    assert named_labels(["cat", "dog"]) == {0: "cat", 1: "dog"}
    assert named_labels({7: "cat"}) == {7: "cat"}
    assert named_labels(None) == {}


@pytest.mark.parametrize("names", ["cat", ["cat", ""], ["cat", 3], {0: None}])
def test_a_label_without_a_name_is_refused(names: Any) -> None:
    with pytest.raises(ConfigError, match=r"`class_names` must name each label.*SA490"):
        DiffusersTextToImage("pipeline", class_names=names)


@pytest.mark.parametrize("kind", [DiffusersTextToImage, DiffusersImageToImage])
def test_a_template_that_mentions_the_label_needs_class_names(kind: Any) -> None:
    with pytest.raises(ConfigError, match=r"`class_names` must say what \{label\}.*SA490"):
        kind("pipeline")


@pytest.mark.parametrize(
    "template", ["a {colour} cat", "a {}", "a {0}", "a {label.__class__}", "{size[0]}"]
)
def test_an_unknown_field_is_refused_by_name(template: str) -> None:
    with pytest.raises(ConfigError, match=r"must be \['label', 'size'\], got \[.*SA490"):
        DiffusersTextToImage(
            "pipeline", prompt=template, class_names=["cat"], attributes={"size": ["big"]}
        )


@pytest.mark.parametrize("template", ["a {label:d}", "a {label!z}", "{size:{label}}"])
def test_a_field_that_cannot_be_written_is_refused_when_it_is_made(template: str) -> None:
    with pytest.raises(ConfigError, match=r"`prompt` must be text with fields.*SA490"):
        DiffusersTextToImage(
            "pipeline", prompt=template, class_names=["cat"], attributes={"size": ["big"]}
        )


@pytest.mark.parametrize("values", ["red", [1, 2]])
def test_attributes_are_lists_of_texts(values: Any) -> None:
    with pytest.raises(ConfigError, match=r"`attributes` must list the texts of each field.*SA490"):
        DiffusersTextToImage("pipeline", prompt="a {colour} cat", attributes={"colour": values})


@pytest.mark.parametrize(
    ("prompt", "attributes"), [((), {}), ("a cat", {"size": []}), ("a {", {}), ("a }", {})]
)
def test_a_prompt_that_says_nothing_or_does_not_end_is_refused(
    prompt: Any, attributes: Any
) -> None:
    with pytest.raises(ConfigError, match="SA490"):
        DiffusersTextToImage("pipeline", prompt=prompt, attributes=attributes)
