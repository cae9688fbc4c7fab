from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lightning_synthaug.data import LabelMap
from lightning_synthaug.errors import GeneratorContractBroken
from lightning_synthaug.mixing import Mixture
from lightning_synthaug.mixing.describing import source_specs, unmakeable_text
from lightning_synthaug.mixing.recipe import Recipe
from lightning_synthaug.plan import Epoch, SourceChange, SourceSpec
from tests.helpers.traced import Tracer, traced_dataset


def specs(source: Any, **options: Any) -> list[SourceSpec]:
    recipe = Recipe(source=source, ratio=0.5, **options)
    return source_specs(recipe, traced_dataset(20), LabelMap(recipe.label_map))


def test_generators_have_pools_and_existing_datasets_have_items() -> None:
    made, there = specs(
        {"made": Tracer(), "there": traced_dataset(6)},
        weights={"made": 2, "there": 1},
        pool=8,
        reuse=3,
    )
    assert (made.name, made.weight, made.pool, made.reuse) == ("made", 2, 8, 3)
    assert made.items is made.labels is None
    assert (there.name, there.weight, there.pool) == ("there", 1, None)
    assert there.items is not None
    assert there.items.tolist() == traced_dataset(6).tensors[1].tolist()


def test_makeable_labels_are_the_users() -> None:
    assert specs(Tracer(labels=[7, 8]), label_map={0: 7, 2: 9})[0].labels == {0}
    assert specs(Tracer(), label_map={0: 7, 2: 9})[0].labels == {0, 2}


def test_items_without_stored_labels_are_read_only_where_labels_are_asked_for() -> None:
    items = [(np.zeros((6, 6), np.uint8), i % 2) for i in range(4)]
    (unknown,), (known,) = specs(items), specs(items, balance="uniform")
    assert unknown.items is not None
    assert known.items is not None
    assert unknown.items.tolist() == [-1] * 4
    assert known.items.tolist() == [0, 1, 0, 1]


def test_labels_that_cannot_be_made_are_named_but_not_what_a_collapse_left_out() -> None:
    recipe = Recipe(source=Tracer(labels=[0, 1]), ratio=0.5)
    mixture = Mixture(recipe, traced_dataset(20))
    plan = mixture.compile(Epoch(20, 5), None)
    slots = plan.slots(0, 20)
    without = slots.where((slots.source == 1) & (slots.index < 0))
    assert "cannot make the labels [2]" in unmakeable_text(recipe, without)
    assert "cannot make the labels [2]" in unmakeable_text(recipe, without, plan)
    stopped = mixture.compile(Epoch(20, 5), None, history=[SourceChange(0, 0, 0, 0.0)])
    assert unmakeable_text(recipe, without, stopped) == ""


def test_what_a_generator_says_of_itself_is_checked_before_anything_is_planned() -> None:
    generator: Any = Tracer()
    generator.conditioning = "Class"
    with pytest.raises(GeneratorContractBroken, match=r"`conditioning` .*got 'Class'.*SA495"):
        specs(generator)
