from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lightning_synthaug.mixing import Mixture, Recipe, following
from lightning_synthaug.mixing.blocks import Blocks
from lightning_synthaug.mixing.following import Following
from lightning_synthaug.plan import Epoch
from tests.helpers.traced import Tracer, traced_dataset


def test_the_store_is_looked_into_now_and_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = Recipe(source=Tracer(), ratio=0.5, cache=tmp_path)
    ours, theirs = (Mixture(recipe, traced_dataset(48)) for _ in range(2))
    plan = ours.compile(Epoch(48, 8), None)
    blocks = Blocks(ours)
    mine = Following(blocks)
    now = 100.0
    monkeypatch.setattr(following.time, "monotonic", lambda: now)
    block = blocks.of(plan, 0)
    assert mine.look(block, 0) is block
    (source,) = theirs.generated
    source.fill(source.look_up(source.needs.of_range(plan, 0, plan.slot(2))))
    now += 0.4
    assert mine.look(block, 0) is block  # too soon
    now += 0.2
    found = mine.look(block, 0)
    a, b = found.span(0)[0], found.span(1)[1]
    assert np.array_equal(found.served[a:b], found.planned.source[a:b])
    assert not found.served[b:].all()
    for mixture in (ours, theirs):
        mixture.close()
