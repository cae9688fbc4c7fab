from __future__ import annotations

from pathlib import Path

from lightning_synthaug.data import LabelMap, adapt
from lightning_synthaug.mixing import Recipe
from lightning_synthaug.mixing.opening import open_sources
from lightning_synthaug.store import Store
from tests.helpers.traced import Tracer, traced_dataset


def test_generators_are_opened_in_order_with_the_numbers_of_their_sources(tmp_path: Path) -> None:
    data = traced_dataset(12)
    sources = {"a": Tracer(), "there": traced_dataset(4), "b": Tracer(2)}
    recipe = Recipe(source=sources, ratio=0.5, device="cpu", on_collapse="stop", generation_seed=4)
    with Store.open(tmp_path) as store:
        opened = open_sources(
            recipe,
            dataset=data,
            adapter=adapt(data),
            labels=data.tensors[1].numpy(),
            label_map=LabelMap(None),
            store=store,
        )
    assert [(f.name, f.needs.number) for f in opened] == [("a", 1), ("b", 3)]
    assert all(f.needs.watching.stops for f in opened)
    assert opened[0].needs.values.tolist() == [0, 1, 2]
    assert opened[0].needs.generation_seed == 4
