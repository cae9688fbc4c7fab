"""What the tests of the feed do not cover."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lightning_synthaug.mixing import Mixture, Recipe
from lightning_synthaug.mixing.supply import Supply
from lightning_synthaug.plan import Epoch
from tests.helpers.traced import Tracer, traced_dataset


def test_damaged_samples_are_made_again_before_the_batch_that_waits_for_them(
    tmp_path: Path,
) -> None:
    log = tmp_path / "made.log"
    recipe = Recipe(
        source=Tracer(log=str(log)), ratio=0.5, cache=tmp_path / "cache", on_miss="wait"
    )
    mixture = Mixture(recipe, traced_dataset(45))
    plan = mixture.compile(Epoch(45, 8), None)
    supply = Supply(mixture, leader=True, world=1)
    supply.fill(plan, 0, 6)
    made = supply.made()
    assert made == len(log.read_text().splitlines()) == 22
    planned = plan.batch(2)
    supply.damaged(planned.where(planned.is_synthetic))
    block = supply.complete(plan, 2)
    a, b = block.span(2)
    assert ((block.matrix[4, a:b] >= 0) == planned.is_synthetic).all()
    assert supply.made() == int(np.count_nonzero(planned.is_synthetic)) == 4
    assert supply.made() == 0
    mixture.close()


def test_blocks_are_kept_until_samples_come(tmp_path: Path) -> None:
    recipe = Recipe(source=Tracer(), ratio=0.5, cache=tmp_path, pool=20)
    mixture = Mixture(recipe, traced_dataset(45))
    plan = mixture.compile(Epoch(45, 8), None)
    supply = Supply(mixture, leader=True, world=1)
    supply.begin(plan, 0, 1, None)
    lacking = supply.complete(plan, 5)
    supply.begin(plan, 0, 12, None)
    assert supply.made() == 20
    block = supply.complete(plan, 5)
    assert lacking.lacks
    assert not block.lacks
    supply.begin(plan, 12, 18, None)
    assert supply.complete(plan, 5) is block
    mixture.close()
