from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lightning_synthaug.errors import DataError
from lightning_synthaug.mixing import Mixture, Recipe
from lightning_synthaug.mixing.displaced import DisplacedRows
from lightning_synthaug.mixing.streamneeds import StreamNeeds
from lightning_synthaug.mixing.totals import Totals
from lightning_synthaug.plan import Epoch
from tests.helpers.traced import Tracer

POOL = 4


def made(folder: Path, labels: Any = None, **options: Any) -> tuple[Mixture, StreamNeeds, Totals]:
    source = Tracer(labels=[3, 8], log=str(folder / "log"))
    rows = DisplacedRows(np.array([3, 8]), POOL)
    recipe = Recipe(source=source, ratio=0.5, cache=folder / "cache", pool=len(rows), **options)
    mixture = Mixture(recipe, rows)
    return mixture, StreamNeeds(mixture, rows, labels, leader=True, world=1), Totals(["synthetic"])


def test_rows_ask_for_their_labels_and_each_label_has_its_samples(tmp_path: Path) -> None:
    mixture, needs, totals = made(tmp_path)
    plan = mixture.compile(Epoch(2 * POOL, 8), None, shuffle=False)
    numbers = {3: [], 8: []}
    for first in range(0, 80, 8):
        planned = plan.slots(first, first + 8)
        needs.ask(
            plan, planned, [torch.zeros(8, 2), torch.tensor([3, 8, 8, 8, 3, 5, 8, 3])], 8, totals
        )
        synthetic = planned.is_synthetic
        assert planned.label[synthetic].tolist() == [8, 8, 5, 3]
        assert planned.index[planned.label == 5].tolist() == [-1]
        for label, seen in numbers.items():
            seen += planned.index[synthetic & (planned.label == label)].tolist()
    assert set(numbers[8]) == set(range(POOL))
    assert set(numbers[3]) <= set(range(POOL))
    mixture.close()


def test_samples_of_each_label_are_made_ahead(tmp_path: Path) -> None:
    mixture, needs, totals = made(tmp_path)
    plan = mixture.compile(Epoch(2 * POOL, 8), None, shuffle=False)
    needs.fill_ahead(plan, 0, 2, totals)
    assert totals.generated == 2  # one serving, of either label
    needs.fill_ahead(plan, 0, 100, totals)
    assert totals.generated == 2 * POOL
    assert totals.fill_seconds > 0
    mixture.close()


def test_labels_are_found_by_the_users_function(tmp_path: Path) -> None:
    batch = {"x": torch.zeros(4, 2), "cls": torch.tensor([8, 8, 3, 3])}
    for labels in (None, lambda batch: batch["cls"]):
        mixture, needs, totals = made(tmp_path, labels)
        plan = mixture.compile(Epoch(2 * POOL, 8), None, shuffle=False)
        planned = plan.slots(0, 4)
        if labels is None:
            with pytest.raises(DataError, match="SA642"):
                needs.ask(plan, planned, batch, 4, totals)
            continue
        needs.ask(plan, planned, batch, 4, totals)
        assert planned.label[planned.is_synthetic].tolist() == [8, 3]
        mixture.close()
