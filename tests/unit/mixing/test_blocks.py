from __future__ import annotations

from pathlib import Path

import numpy as np

from lightning_synthaug.mixing import Mixture, Recipe
from lightning_synthaug.mixing.blocks import Blocks
from lightning_synthaug.mixing.message import Rows
from lightning_synthaug.plan import Epoch, Steps
from tests.helpers.traced import Tracer, traced_dataset

SIZE = 45
EPOCH = Epoch(SIZE, 8)


def test_blocks_are_the_plan_with_places(tmp_path: Path) -> None:
    mixture = Mixture(
        Recipe(source=Tracer(), ratio=Steps([("3ba", 0.5)]), cache=tmp_path), traced_dataset(SIZE)
    )
    plan = mixture.compile(EPOCH, None, shuffle=True)
    blocks = Blocks(mixture)
    block = blocks.of(plan, 7)
    assert blocks.of(plan, 8) is block
    assert block.holds(7)
    for number in range(12):
        a, b = block.span(number)
        planned = plan.batch(number)
        rows = Rows(*block.matrix[:, a:b])
        assert rows.source.tolist() == planned.source.tolist()
        assert rows.twin.tolist() == planned.twin.tolist()
        assert block.plain[number - block.first] == (not planned.is_synthetic.any())
        assert not block.served[a:b].any()  # nothing is made yet
    (source,) = mixture.generated
    source.fill(source.look_up(source.needs.of_range(plan, 0, plan.slot(12))))
    assert blocks.of(plan, 7) is block
    blocks.clear()
    a, b = block.span(7)
    assert np.array_equal(blocks.of(plan, 7).served[a:b], plan.batch(7).source)
    far = blocks.of(plan, 5000)
    assert far.holds(5000)
    assert not far.holds(7)
    mixture.close()


def test_blocks_grow_and_begin_small_again_with_another_plan() -> None:
    mixture = Mixture(Recipe(source=traced_dataset(9, source=1), ratio=0.5), traced_dataset(5000))
    plan, blocks = mixture.compile(Epoch(5000, 8), None), Blocks(mixture)
    seen = []
    for number in range(3000):
        block = blocks.of(plan, number)
        if not seen or seen[-1] is not block:
            seen.append(block)
        part = block.planned.where(slice(*block.span(number)))
        assert part.matrix().tolist() == plan.batch(number).matrix().tolist()
    sizes = [len(block.planned) for block in seen]
    assert sizes == [1024 << i for i in range(len(sizes))]
    assert len(sizes) > 4
    again = mixture.compile(Epoch(5000, 8), None)
    assert len(blocks.of(again, 2999).planned) <= sizes[0]
    mixture.close()


def test_looking_again_finds_what_another_process_made(tmp_path: Path) -> None:
    recipe = Recipe(source=Tracer(), ratio=0.5, cache=tmp_path)
    ours, theirs = (Mixture(recipe, traced_dataset(SIZE)) for _ in range(2))
    plan = ours.compile(EPOCH, None)
    blocks = Blocks(ours)
    assert not blocks.of(plan, 0).served.any()
    (source,) = theirs.generated
    source.fill(source.look_up(source.needs.of_range(plan, 0, 8)))
    a, b = blocks.of(plan, 0).span(0)
    assert not blocks.of(plan, 0).served[a:b].any()
    old = blocks.of(plan, 0)
    assert blocks.again(old, 0, in_store=False) is old
    new = blocks.again(old, 0, in_store=True)
    assert new.served[a:b].tolist() == plan.batch(0).source.tolist()
    assert blocks.of(plan, 0) is new
    assert not old.served.any()  # what was read from it stays as it was told
    assert (old.matrix[4, a:b] < 0).all()
    for mixture in (ours, theirs):
        mixture.close()
