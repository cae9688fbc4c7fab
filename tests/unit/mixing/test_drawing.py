from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lightning_synthaug.mixing.drawing import TransformDraw
from lightning_synthaug.mixing.recipe import Recipe
from lightning_synthaug.plan import Clock, Linear, PlannedSlots
from tests.helpers.traced import Tracer

CLOCK = Clock(total_slots=1000, epoch_slots=100, slot_of_batch=lambda batch: 10 * batch)
SLOTS = np.arange(1000)
#: Every third row is synthetic.
SOURCE = (SLOTS % 3 == 0).astype(np.int64)


def flags(generated: bool = True, **options: Any) -> np.ndarray | None:
    recipe = Recipe(source=Tracer(), ratio=0.3, **options)
    draw = TransformDraw(recipe, np.array([False, generated]))
    draw.compile(CLOCK)
    planned = PlannedSlots(0, SOURCE, SLOTS, SLOTS, SLOTS, SLOTS * SOURCE)
    return draw.flags(planned, SLOTS)


def flip(image: np.ndarray) -> np.ndarray:
    return image[::-1].copy()


def test_nothing_is_drawn_without_a_transform() -> None:
    assert flags() is None
    assert flags(transform=flip, transform_p=0.0) is None


@pytest.mark.parametrize(
    ("on", "expected"), [("both", SOURCE >= 0), ("real", SOURCE == 0), ("synthetic", SOURCE == 1)]
)
def test_the_chosen_rows_are_drawn(on: str, expected: np.ndarray) -> None:
    drawn = flags(transform=flip, transform_on=on)
    assert drawn is not None
    assert drawn.tolist() == expected.tolist()


def test_finished_items_are_never_transformed() -> None:
    drawn = flags(generated=False, transform=flip)
    assert drawn is not None
    assert drawn.tolist() == (SOURCE == 0).tolist()


def test_probability_is_kept_and_may_follow_a_schedule() -> None:
    half = flags(transform=flip, transform_p=0.5)
    assert half is not None
    assert 430 < half.sum() < 570
    ramp = flags(transform=flip, transform_p=Linear(0.0, 1.0))
    assert ramp is not None
    assert ramp[:300].sum() < 80
    assert ramp[700:].sum() > 220


def test_seeds_differ_by_position_and_run() -> None:
    draws = [
        TransformDraw(Recipe(source=Tracer(), ratio=0.3, seed=s), np.array([False, True]))
        for s in (1, 2)
    ]
    one, two = (d.seeds(SLOTS) for d in draws)
    assert np.unique(one).size == SLOTS.size
    assert not np.intersect1d(one, two).size
    assert draws[0].seeds(SLOTS[40:50]).tolist() == one[40:50].tolist()
