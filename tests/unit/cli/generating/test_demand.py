from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch.utils.data import DataLoader, IterableDataset

import lightning_synthaug as sa
from lightning_synthaug.cli.generating.demand import Demand
from lightning_synthaug.errors import ConfigError, DataError
from lightning_synthaug.mixing import Recipe
from tests.helpers.traced import Tracer, traced_dataset

RAMP = sa.Linear(0.0, 0.8, over="60%")


def recipe(folder: Path, **options: Any) -> Recipe:
    settings: dict[str, Any] = {
        "source": Tracer(log=str(folder / "log")),
        "ratio": RAMP,
        "seed": 3,
    } | options
    return Recipe(cache=folder / "cache", **settings)


@pytest.mark.parametrize("options", [{}, {"reuse": 1, "pool": 20}, {"balance": "uniform"}])
def test_what_a_run_asks_for_is_what_it_makes(tmp_path: Path, options: Any) -> None:
    loader = DataLoader(traced_dataset(45), 8, shuffle=True)
    mine = recipe(tmp_path, **options)
    demand = Demand(mine, loader, epochs=3)
    ((_, wanted, missing),) = demand.sources()
    assert demand.batches == 18
    assert wanted == len(missing)
    asked = {(o.request.label, o.request.number) for o in missing}
    demand.mixture.close()
    given = {f: getattr(mine, f) for f in ("seed", "reuse", "pool", "balance")}
    mixed = sa.mix(loader, mine.source, RAMP, cache=tmp_path / "cache", total_batches=18, **given)
    for _ in range(3):
        for _ in mixed:
            pass
    made = [line.split()[1:3] for line in (tmp_path / "log").read_text().splitlines()]
    assert len(made) == wanted
    assert {(int(label), int(number)) for label, number in made} == asked
    mixed.feed.mixture.close()
    again = Demand(mine, loader, batches=18)
    assert [(d.wanted, len(d.missing)) for d in again.sources()] == [(wanted, 0)]
    again.mixture.close()


class Stream(IterableDataset[Any]):
    def __iter__(self) -> Any:
        return iter(traced_dataset(8))


@pytest.mark.parametrize(
    ("loader", "source", "said"),
    [
        (DataLoader(Stream(), 8), Tracer(), "a stream"),
        (
            DataLoader(
                traced_dataset(9),
                batch_sampler=[[0, 1], [2]],
            ),
            Tracer(),
            "a batch sampler",
        ),
        (DataLoader(traced_dataset(9), 3), traced_dataset(5), "nothing to do"),
    ],
)
def test_what_cannot_be_known_beforehand_is_refused(
    tmp_path: Path, loader: Any, source: Any, said: str
) -> None:
    with pytest.raises(ConfigError, match=rf"{said}.*SA812"):
        Demand(recipe(tmp_path, source=source), loader, epochs=1)


class Coloured(Tracer):
    def generate(self, requests: Any) -> Any:
        image = np.zeros((6, 6, 3), np.uint8)
        return [sa.Record({"image": image, "label": r.label}) for r in requests]


def test_samples_that_do_not_fit_are_found_before_they_are_made(tmp_path: Path) -> None:
    demand = Demand(recipe(tmp_path, source=Coloured()), DataLoader(traced_dataset(45), 8))
    ((source, _, missing),) = demand.sources()
    with pytest.raises(DataError, match=r"(?s)uint8 \[6, 6, 3\].*SA203"):
        source.fill(missing)
    assert not demand.mixture.store.stats().samples
    demand.mixture.close()
