"""What planned samples lack; a real plan and a real store."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lightning_synthaug.mixing import Mixture, Recipe
from lightning_synthaug.mixing.needed import Needed
from lightning_synthaug.plan import Epoch
from tests.helpers.faulty import Variant
from tests.helpers.traced import Tracer, traced_dataset


def test_each_missing_sample_is_found_once_by_its_first_use(tmp_path: Path) -> None:
    two = {"a": Tracer(), "b": Tracer()}
    mixture = Mixture(Recipe(source=two, ratio=0.5, cache=tmp_path, pool=8), traced_dataset(48))
    plan = mixture.compile(Epoch(48, 8), None)
    needed = Needed(mixture.generated, blank=True)
    needs = needed.find(plan, 0, 24, [[{}], [{}]], begun=True)
    numbers = [n.number for n in needs]
    assert numbers == sorted(numbers)
    assert len({n[:2] for n in needs}) == len(needs)
    planned = plan.synthetic(0, 24)
    for need in needs:
        source = mixture.generated[need.source]
        row = planned.where(np.array([need.number]))
        assert row.source.tolist() == [source.needs.number]
        assert source.needs.identities(row).tolist() == [need.identity]
    one = needs[0]
    awaited: list[list[dict[int, None]]] = [[{}], [{}]]
    awaited[one.source][0][one.identity] = None
    assert needed.find(plan, 0, 24, awaited, begun=True) == needs[1:]
    source = mixture.generated[needs[1].source]
    source.places.add(np.array([needs[1].identity]), np.array([[1, 1]]))
    assert needed.find(plan, 0, 24, awaited, begun=True) == needs[2:]
    mixture.close()


def test_the_store_is_looked_through_but_the_dataset_not_read_amid_training(tmp_path: Path) -> None:
    recipe = Recipe(source=Variant(), ratio=0.5, cache=tmp_path)
    mixture = Mixture(recipe, traced_dataset(48))
    plan = mixture.compile(Epoch(48, 8), None)
    (source,) = mixture.generated
    wanted = source.needs.of_range(plan, 0, 16)
    source.fill(source.look_up(wanted))
    mixture.close()
    (source,) = mixture.generated
    first = plan.knots.count(16)
    amid = Needed([source], blank=False).find(plan, 0, first, [[{}]], begun=True)
    assert [n.identity for n in amid] == wanted.tolist()
    assert Needed([source], blank=True).find(plan, 0, first, [[{}]], begun=False) == amid
    assert Needed([source], blank=False).find(plan, 0, first, [[{}]], begun=False) == []
    mixture.close()
